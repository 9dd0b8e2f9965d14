import {
  deletionPreviewRequestSchema,
  type DeletionPreviewResponse,
  deletionRequestSchema,
  type DeletionResponse,
} from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import { validate } from '@everflame/service-kit';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Deletions } from '../../application/answers/deletions.ts';
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
    checkIsJson(request);
    return this.deletions.preview(
      validate(deletionPreviewRequestSchema, body, 'deletion'),
      this.contexts.current(),
    );
  }

  @Post()
  @HttpCode(200)
  delete(@Body() body: unknown, @Req() request: FastifyRequest): Promise<DeletionResponse> {
    checkIsJson(request);
    return this.deletions.delete(validate(deletionRequestSchema, body, 'deletion'), this.contexts.current());
  }
}

/** A form of a page is never JSON. */
export function checkIsJson({ headers }: FastifyRequest): void {
  if (headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new DomainError('unsupported', 'json_required', 'The body has to be JSON.', {
      hint: 'Send it with content-type: application/json.',
    });
  }
}
