import type { PushResponse } from '@everflame/contract/grpc';
import { DomainError, InvalidArgumentError, LabelSet, RateLimitedError } from '@everflame/profile';
import { FlattenFailedError } from '../application/flatten/flatten-job.ts';
import type { AcceptedType, IncomingProfile } from '../application/incoming-profile.ts';
import type { PushEnvelope } from './everflame/grpc/push-message.ts';

const HTTP_RESERVED = new Set(['name', 'from', 'until']);
const RETRY_AFTER_MS = 1000;

/** A gRPC push as the application sees it. Throws `InvalidArgumentError`. */
export function incomingFromGrpc(envelope: PushEnvelope, tenant: string): IncomingProfile {
  if (envelope.malformed !== undefined) throw envelope.malformed;
  return {
    tenant,
    labels: uniqueLabels(envelope.labels),
    profileName: checkedName(envelope.profileName),
    pprof: envelope.pprof,
    timeMs: envelope.timeUnixMs,
    durationMs: Math.max(0, envelope.durationMs),
    kinds: new Map(envelope.kinds),
    idempotencyKey: checkedKey(envelope.idempotencyKey),
  };
}

/** A push over HTTP: every parameter of `query` is a label, except `name`, `from` and `until`. */
export function incomingFromHttp(
  query: string,
  body: Uint8Array,
  tenant: string,
  idempotencyKey = '',
): IncomingProfile {
  const labels: (readonly [string, string])[] = [];
  // Of a parameter that is given twice the first one counts.
  const reserved = new Map<string, string>();
  for (const parameter of parametersOf(query)) {
    const [name, value] = parameter;
    if (!HTTP_RESERVED.has(name)) labels.push(parameter);
    else if (!reserved.has(name)) reserved.set(name, value);
  }
  const from = unixTime(reserved.get('from'), 'from');
  const until = unixTime(reserved.get('until'), 'until');
  if (from > 0 && until > 0 && until < from) {
    throw new InvalidArgumentError('until is before from.', { code: 'inverted_range', hint: 'Swap them.' });
  }
  return {
    tenant,
    labels: uniqueLabels(labels),
    profileName: checkedName(reserved.get('name') ?? ''),
    pprof: body,
    timeMs: Math.trunc(from),
    durationMs: from > 0 && until > from ? wholeMs(until - from) : 0,
    kinds: new Map(),
    idempotencyKey: checkedKey(idempotencyKey),
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

export function acceptedResponse(id: string, accepted: readonly AcceptedType[]): PushResponse {
  return { id, accepted: accepted.map(({ total, ...type }) => ({ ...type, total: String(total) })) };
}

export function refusedResponse(id: string, error: unknown): PushResponse {
  const known = error instanceof DomainError;
  const retryable = known ? error.isRetryable : !(error instanceof FlattenFailedError);
  return {
    id,
    error: {
      code: known ? error.code : 'internal',
      message: known ? error.message : 'Something went wrong inside Everflame.',
      hint: known ? (error.hint ?? '') : 'The log of the ingest service has the cause.',
      retryable,
      retryAfterMs: retryable ? retryAfterMs(error) : 0,
    },
  };
}

/** When to send again what was refused for now. */
export function retryAfterMs(error: unknown): number {
  return error instanceof RateLimitedError ? error.retryAfterMs : RETRY_AFTER_MS;
}

function uniqueLabels(entries: readonly (readonly [string, string])[]): LabelSet {
  const labels = LabelSet.fromEntries(entries);
  if (labels.size === entries.length) return labels;
  throw new InvalidArgumentError('A label is given twice.', {
    code: 'invalid_label',
    hint: 'Send each label name once.',
  });
}

function checkedName(name: string): string {
  if (name !== '' && !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new InvalidArgumentError('The profile name must be a word of up to 64 letters, digits and _.', {
      code: 'invalid_profile_name',
      hint: 'Use a name such as process_cpu or memory.',
    });
  }
  return name;
}

function checkedKey(key: string): string {
  if (key !== '' && !/^[\x20-\x7e]{1,128}$/.test(key)) {
    throw new InvalidArgumentError('The idempotency key must have up to 128 printable ASCII characters.', {
      code: 'invalid_idempotency_key',
      hint: 'Use a UUID that is the same for every attempt to push this profile.',
    });
  }
  return key;
}

/** A duration that is there is at least 1 ms, as in the header of a profile; 0 would mean that it is not stated. */
function wholeMs(durationMs: number): number {
  return Math.max(1, Math.round(durationMs));
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
