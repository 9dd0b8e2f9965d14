import {
  type LostStacksResponse,
  rangeQuerySchema,
  deletionPreviewRequestSchema,
  type RestoreResponse,
} from '@everflame/contract';
import { requireJson, validate } from '@everflame/service-kit';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Doctor } from '../../application/answers/doctor.ts';
import type { QueryContext } from '../../application/params/filters.ts';
import { Context } from './context.ts';

/** What cannot be resolved, and what can be done about it. */
@Controller('api/v1/lost-stacks')
export class DoctorController {
  readonly #doctor: Doctor;

  constructor(@Inject(Doctor) doctor: Doctor) {
    this.#doctor = doctor;
  }

  @Get()
  find(@Context() context: QueryContext, @Query() query: unknown): Promise<LostStacksResponse> {
    return this.#doctor.find(context, validate(rangeQuerySchema, query, 'query'));
  }

  @Post('restore')
  @HttpCode(200)
  restore(
    @Context() context: QueryContext,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<RestoreResponse> {
    requireJson(request);
    return this.#doctor.restore(context, validate(deletionPreviewRequestSchema, body, 'restore'));
  }
}
