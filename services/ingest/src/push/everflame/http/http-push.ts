import type { PushAnswer } from '@everflame/contract';
import { InvalidArgumentError } from '@everflame/profile';
import type { IncomingProfile } from '../../../application/incoming-profile.ts';
import type { HttpPush, HttpPushRoute } from '../../http/push-routes.ts';
import { checkedKey, checkedName, uniqueLabels } from '../../incoming-fields.ts';
import type { PushIntake } from '../../push-intake.ts';

const PUSH_PATH = '/api/v1/profiles';
const RESERVED = new Set(['name', 'from', 'until']);

/** Everflame's own push over HTTP: one profile as the body, everything else as parameters. */
export function everflameHttpPush(intake: PushIntake): HttpPushRoute {
  return {
    path: PUSH_PATH,
    push: async (caller, push) => {
      const bytes = push.body.length;
      const arrival = {
        transport: 'http',
        peer: push.peer,
        messageBytes: bytes,
        profileBytes: bytes,
      } as const;
      const accepted = await intake.push(caller, arrival, () => incomingFromHttp(push));
      const body: PushAnswer = {
        accepted: accepted.map(({ profileType, stacks, total }) => ({
          type: profileType,
          samples: stacks,
          total,
        })),
      };
      return { status: 201, body };
    },
  };
}

/**
 * Makes an incoming profile of a push over HTTP: every parameter of the query is a label, except `name`, `from` and
 * `until`. Throws `InvalidArgumentError`.
 */
export function incomingFromHttp({
  query,
  body,
  headers,
}: Pick<HttpPush, 'query' | 'body' | 'headers'>): IncomingProfile {
  const labels: (readonly [string, string])[] = [];
  // Of a parameter that is given twice the first one counts.
  const reserved = new Map<string, string>();
  for (const parameter of parametersOf(query)) {
    const [name, value] = parameter;
    if (!RESERVED.has(name)) labels.push(parameter);
    else if (!reserved.has(name)) reserved.set(name, value);
  }
  return {
    labels: uniqueLabels(labels),
    profileName: checkedName(reserved.get('name') ?? ''),
    pprof: body,
    ...timeOf(reserved),
    kinds: new Map(),
    idempotencyKey: checkedKey(String(headers['idempotency-key'] ?? '')),
  };
}

/** As `URLSearchParams` reads a query, which is asked only where something is encoded: it takes four times as long. */
function parametersOf(query: string): Iterable<readonly [name: string, value: string]> {
  if (/[%+]/.test(query)) return new URLSearchParams(query);
  const parameters: (readonly [string, string])[] = [];
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    if (equals >= 0) parameters.push([part.slice(0, equals), part.slice(equals + 1)]);
    else if (part !== '') parameters.push([part, '']);
  }
  return parameters;
}

function timeOf(reserved: ReadonlyMap<string, string>): Pick<IncomingProfile, 'timeMs' | 'durationMs'> {
  const from = unixTime(reserved.get('from'), 'from');
  const until = unixTime(reserved.get('until'), 'until');
  if (from > 0 && until > 0 && until < from) {
    throw new InvalidArgumentError('until is before from.', { code: 'inverted_range', hint: 'Swap them.' });
  }
  const hasDuration = from > 0 && until > from;
  // At least 1 ms, as in the header of a profile; 0 would mean that it is not stated.
  return { timeMs: Math.trunc(from), durationMs: hasDuration ? Math.max(1, Math.round(until - from)) : 0 };
}

/** Unix time in ms, with a fraction, of one in s, ms, µs or ns by its number of digits; 0 when absent. */
function unixTime(text: string | undefined, what: string): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,19}$/.test(text)) {
    throw new InvalidArgumentError(`${what} must be a Unix time in s, ms, µs or ns.`);
  }
  const digits = text.length;
  if (digits <= 10) return Number(text) * 1000;
  if (digits <= 13) return Number(text);
  return Number(text) / (digits <= 16 ? 1e3 : 1e6);
}
