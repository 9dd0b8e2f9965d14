import {
  type LostStacksResponse,
  rangeQuerySchema,
  deletionPreviewRequestSchema,
  type RestoreResponse,
} from '@everflame/contract';
import { Caller, type Principal, requireJson, validate } from '@everflame/service-kit';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Doctor } from '../../application/answers/doctor.ts';
import { QueryContexts } from './context.ts';

/** What cannot be resolved, and what can be done about it. */
@Controller('api/v1/lost-stacks')
export class DoctorController {
  readonly #doctor: Doctor;
  readonly #contexts: QueryContexts;

  constructor(@Inject(Doctor) doctor: Doctor, @Inject(QueryContexts) contexts: QueryContexts) {
    this.#doctor = doctor;
    this.#contexts = contexts;
  }

  @Get()
  find(@Caller() caller: Principal, @Query() query: unknown): Promise<LostStacksResponse> {
    return this.#doctor.find(this.#contexts.of(caller), validate(rangeQuerySchema, query, 'query'));
  }

  @Post('restore')
  @HttpCode(200)
  restore(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<RestoreResponse> {
    requireJson(request);
    return this.#doctor.restore(
      this.#contexts.of(caller),
      validate(deletionPreviewRequestSchema, body, 'restore'),
    );
  }
}
