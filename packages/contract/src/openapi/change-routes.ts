import {
  deletionPreviewRequestSchema,
  deletionPreviewSchema,
  deletionRequestSchema,
  deletionResponseSchema,
} from '../http/deletion.ts';
import { rangeQuerySchema } from '../http/parameters.ts';
import { lostStacksResponseSchema, restoreResponseSchema } from '../http/lost-stacks.ts';
import { targetsResponseSchema } from '../http/targets.ts';
import { json, route } from './api-route.ts';

const DELETED = { query: '{service_name="checkout",env="dev"}' };

/** What scraper and alerter know, and everything that changes something. */
export const CHANGE_ROUTES = [
  route('get', 'targets', 'Scrape targets with the outcome of their last scrapes.', {
    answers: json(targetsResponseSchema),
  }),
  route('post', 'delete/preview', 'What a deletion would remove, with the token that the deletion needs.', {
    body: deletionPreviewRequestSchema,
    bodyExample: { ...DELETED, from: 'now-7d', to: 'now' },
    answers: json(deletionPreviewSchema),
  }),
  route('post', 'delete', 'Removes profiles and what was rolled up of them.', {
    body: deletionRequestSchema,
    bodyExample: { ...DELETED, from: '1795000000000', to: '1795600000000', token: '…' },
    answers: json(deletionResponseSchema),
  }),
  route(
    'get',
    'lost-stacks',
    'What of the profiles and rollups of a range cannot be resolved to functions.',
    {
      query: [rangeQuerySchema],
      answers: json(lostStacksResponseSchema),
      example: { query: '{service_name="checkout"}', from: 'now-1d' },
    },
  ),
  route('post', 'lost-stacks/restore', 'Stores lost stacks again that another service has.', {
    body: deletionPreviewRequestSchema,
    bodyExample: { query: '{service_name="checkout"}', from: 'now-1d', to: 'now' },
    answers: json(restoreResponseSchema),
  }),
] as const;
