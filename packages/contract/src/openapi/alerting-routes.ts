import { alertsResponseSchema } from '../http/alerting/alerts.ts';
import {
  receiverChangeSchema,
  receiverInputSchema,
  receiverSchema,
  receiversResponseSchema,
} from '../http/alerting/receivers.ts';
import { ruleInputSchema, ruleSchema, rulesResponseSchema } from '../http/alerting/rules.ts';
import { json, route } from './api-route.ts';

const RULE = {
  name: 'heap growth',
  query: 'memory:inuse_space:bytes:space:bytes{env="prod"}',
  windowMs: 3_600_000,
  minGrowth: 67_108_864,
};
const RECEIVER = { match: '{team="shop"}', webhook: { url: 'https://hooks.example/services/shop' } };

/** What the alerter knows. */
export const ALERTING_ROUTES = [
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
] as const;
