import {
  deletionPreviewRequestSchema,
  type DeletionPreviewResponse,
  deletionRequestSchema,
  type DeletionResponse,
} from '@everflame/contract';
import { DomainError, InvalidArgumentError } from '@everflame/profile';
import { validate } from '@everflame/service-kit';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Deletions } from '../application/deletions.ts';
import { QueryContexts } from './context.ts';

/** What removes profiles. */
@Controller('api/v1/delete')
export class DeletionController {
  private readonly deletions: Deletions;
  private readonly contexts: QueryContexts;

  constructor(@Inject(Deletions) deletions: Deletions, @Inject(QueryContexts) contexts: QueryContexts) {
    this.deletions = deletions;
    this.contexts = contexts;
  }

  @Post('preview')
  @HttpCode(200)
  preview(@Body() body: unknown, @Req() request: FastifyRequest): Promise<DeletionPreviewResponse> {
    checkSender(request);
    return this.deletions.preview(
      validate(deletionPreviewRequestSchema, body, 'deletion'),
      this.contexts.current(),
    );
  }

  @Post()
  @HttpCode(200)
  delete(@Body() body: unknown, @Req() request: FastifyRequest): Promise<DeletionResponse> {
    checkSender(request);
    return this.deletions.delete(validate(deletionRequestSchema, body, 'deletion'), this.contexts.current());
  }
}

/**
 * Refuses what a page of another site can have a browser send: forms and simple requests are never JSON, and for what
 * is not simple the browser names the origin.
 */
export function checkSender({ headers }: FastifyRequest): void {
  if (headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new DomainError('unsupported', 'json_required', 'The body has to be JSON.', {
      hint: 'Send it with content-type: application/json.',
    });
  }
  const { origin, host } = headers;
  if (origin !== undefined && !isSameHost(origin, host)) {
    throw new InvalidArgumentError('Pages of other sites cannot change what is stored.', {
      code: 'cross_site_request',
    });
  }
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
