import { alertsResponseSchema } from '../http/alerting/alerts.ts';
import {
  receiverChangeSchema,
  receiverInputSchema,
  receiverSchema,
  receiversResponseSchema,
} from '../http/alerting/receivers.ts';
import { ruleInputSchema, ruleSchema, rulesResponseSchema } from '../http/alerting/rules.ts';
import { type ApiRoute, json } from './api-route.ts';

const RULE = {
  name: 'heap growth',
  query: 'memory:inuse_space:bytes:space:bytes{env="prod"}',
  windowMs: 3_600_000,
  minGrowth: 67_108_864,
};
const RECEIVER = { match: '{team="shop"}', webhook: { url: 'https://hooks.example/services/shop' } };

/** What the alerter knows. */
export const ALERTING_ROUTES = [
  {
    method: 'get',
    path: 'alerts',
    summary: 'Alerts: pending, firing and resolved.',
    answers: json(alertsResponseSchema),
    example: {},
  },
  {
    method: 'get',
    path: 'rules',
    summary: 'Alert rules.',
    answers: json(rulesResponseSchema),
    example: {},
  },
  {
    method: 'post',
    path: 'rules',
    summary: 'Adds an alert rule.',
    body: ruleInputSchema,
    bodyExample: RULE,
    status: 201,
    answers: json(ruleSchema),
    example: {},
  },
  {
    method: 'put',
    path: 'rules/{id}',
    summary: 'Changes an alert rule.',
    body: ruleInputSchema,
    bodyExample: { ...RULE, enabled: false },
    answers: json(ruleSchema),
    example: { id: 'heap-growth' },
  },
  {
    method: 'delete',
    path: 'rules/{id}',
    summary: 'Removes an alert rule.',
    status: 204,
    answers: {},
    example: { id: 'heap-growth' },
  },
  {
    method: 'get',
    path: 'receivers',
    summary: 'Receivers of alerts.',
    answers: json(receiversResponseSchema),
    example: {},
  },
  {
    method: 'post',
    path: 'receivers',
    summary: 'Adds a receiver.',
    body: receiverInputSchema,
    bodyExample: { name: 'shop', ...RECEIVER },
    status: 201,
    answers: json(receiverSchema),
    example: {},
  },
  {
    method: 'put',
    path: 'receivers/{name}',
    summary: 'Changes a receiver.',
    body: receiverChangeSchema,
    bodyExample: RECEIVER,
    answers: json(receiverSchema),
    example: { name: 'shop' },
  },
  {
    method: 'delete',
    path: 'receivers/{name}',
    summary: 'Removes a receiver.',
    status: 204,
    answers: {},
    example: { name: 'shop' },
  },
] as const satisfies readonly ApiRoute[];
