import {
  deletionPreviewRequestSchema,
  deletionPreviewSchema,
  deletionRequestSchema,
  deletionResponseSchema,
} from '../http/deletion.ts';
import { rangeQuerySchema } from '../http/parameters.ts';
import {
  lostStacksResponseSchema,
  restoreRequestSchema,
  restoreResponseSchema,
} from '../http/lost-stacks.ts';
import { targetsResponseSchema } from '../http/targets.ts';
import { type ApiRoute, json } from './api-route.ts';

const DELETED = { query: '{service_name="checkout",env="dev"}' };

/** What scraper and alerter know, and everything that changes something. */
export const CHANGE_ROUTES = [
  {
    method: 'get',
    path: 'targets',
    summary: 'Scrape targets with the outcome of their last scrapes.',
    answers: json(targetsResponseSchema),
    example: {},
  },
  {
    method: 'post',
    path: 'delete/preview',
    summary: 'What a deletion would remove, with the token that the deletion needs.',
    body: deletionPreviewRequestSchema,
    bodyExample: { ...DELETED, from: 'now-7d', to: 'now' },
    answers: json(deletionPreviewSchema),
    example: {},
  },
  {
    method: 'post',
    path: 'delete',
    summary: 'Removes profiles and what was rolled up of them.',
    body: deletionRequestSchema,
    bodyExample: { ...DELETED, from: '1795000000000', to: '1795600000000', token: '…' },
    answers: json(deletionResponseSchema),
    example: {},
  },
  {
    method: 'get',
    path: 'lost-stacks',
    summary: 'What of the profiles and rollups of a range cannot be resolved to functions.',
    query: [rangeQuerySchema],
    answers: json(lostStacksResponseSchema),
    example: { query: '{service_name="checkout"}', from: 'now-1d' },
  },
  {
    method: 'post',
    path: 'lost-stacks/restore',
    summary: 'Stores lost stacks again that another service has.',
    body: restoreRequestSchema,
    bodyExample: { query: '{service_name="checkout"}', from: 'now-1d', to: 'now' },
    answers: json(restoreResponseSchema),
    example: {},
  },
] as const satisfies readonly ApiRoute[];
