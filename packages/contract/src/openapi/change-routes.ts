import { alertsResponseSchema } from '../http/alerting/alerts.ts';
import {
  receiverChangeSchema,
  receiverInputSchema,
  receiverSchema,
  receiversResponseSchema,
} from '../http/alerting/receivers.ts';
import { ruleInputSchema, ruleSchema, rulesResponseSchema } from '../http/alerting/rules.ts';
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

const RULE = {
  name: 'heap growth',
  query: 'memory:inuse_space:bytes:space:bytes{env="prod"}',
  windowMs: 3_600_000,
  minGrowth: 67_108_864,
};
const RECEIVER = { match: '{team="shop"}', webhook: { url: 'https://hooks.example/services/shop' } };
const DELETED = { query: '{service_name="checkout",env="dev"}' };

/** What scraper and alerter know, and everything that changes something. */
export const CHANGE_ROUTES = [
  route('get', 'alerts', 'Alerts: pending, firing and resolved.', { answers: json(alertsResponseSchema) }),
  route('get', 'rules', 'Alert rules.', { answers: json(rulesResponseSchema) }),
  route('post', 'rules', 'Adds an alert rule.', {
    body: ruleInputSchema,
    bodyExample: RULE,
    status: 201,
    answers: json(ruleSchema),
  }),
  route('put', 'rules/{id}', 'Changes an alert rule.', {
    body: ruleInputSchema,
    bodyExample: { ...RULE, enabled: false },
    answers: json(ruleSchema),
    example: { id: 'heap-growth' },
  }),
  route('delete', 'rules/{id}', 'Removes an alert rule.', {
    status: 204,
    answers: {},
    example: { id: 'heap-growth' },
  }),
  route('get', 'receivers', 'Receivers of alerts.', { answers: json(receiversResponseSchema) }),
  route('post', 'receivers', 'Adds a receiver.', {
    body: receiverInputSchema,
    bodyExample: { name: 'shop', ...RECEIVER },
    status: 201,
    answers: json(receiverSchema),
  }),
  route('put', 'receivers/{name}', 'Changes a receiver.', {
    body: receiverChangeSchema,
    bodyExample: RECEIVER,
    answers: json(receiverSchema),
    example: { name: 'shop' },
  }),
  route('delete', 'receivers/{name}', 'Removes a receiver.', {
    status: 204,
    answers: {},
    example: { name: 'shop' },
  }),
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
