import {
  deletionPreviewRequestSchema,
  type DeletionPreviewResponse,
  deletionRequestSchema,
  type DeletionResponse,
} from '@everflame/contract';
import { Caller, type Principal, requireJson, validate } from '@everflame/service-kit';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Deletions } from './deletions.ts';

/** What removes profiles. */
@Controller('api/v1/delete')
export class DeletionController {
  readonly #deletions: Deletions;

  constructor(@Inject(Deletions) deletions: Deletions) {
    this.#deletions = deletions;
  }

  @Post('preview')
  @HttpCode(200)
  preview(
    @Caller() principal: Principal,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<DeletionPreviewResponse> {
    requireJson(request);
    return this.#deletions.preview(principal, validate(deletionPreviewRequestSchema, body, 'deletion'));
  }

  @Post()
  @HttpCode(200)
  delete(
    @Caller() principal: Principal,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<DeletionResponse> {
    requireJson(request);
    return this.#deletions.delete(principal, validate(deletionRequestSchema, body, 'deletion'));
  }
}
