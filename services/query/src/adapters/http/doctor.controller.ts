import {
  type LostStacksResponse,
  rangeQuerySchema,
  restoreRequestSchema,
  type RestoreResponse,
} from '@everflame/contract';
import { validate } from '@everflame/service-kit';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Doctor } from '../../application/answers/doctor.ts';
import { QueryContexts } from './context.ts';
import { checkIsJson } from './deletion.controller.ts';

/** What cannot be resolved, and what can be done about it. */
@Controller('api/v1/lost-stacks')
export class DoctorController {
  private readonly doctor: Doctor;
  private readonly contexts: QueryContexts;

  constructor(@Inject(Doctor) doctor: Doctor, @Inject(QueryContexts) contexts: QueryContexts) {
    this.doctor = doctor;
    this.contexts = contexts;
  }

  @Get()
  find(@Query() query: unknown): Promise<LostStacksResponse> {
    return this.doctor.find(validate(rangeQuerySchema, query, 'query'), this.contexts.current());
  }

  @Post('restore')
  @HttpCode(200)
  restore(@Body() body: unknown, @Req() request: FastifyRequest): Promise<RestoreResponse> {
    checkIsJson(request);
    return this.doctor.restore(validate(restoreRequestSchema, body, 'restore'), this.contexts.current());
  }
}
