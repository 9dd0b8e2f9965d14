import type { PushRequest__Output, PushResponse } from '@everflame/contract/grpc';
import { DomainError, InvalidArgumentError, LabelSet, type ProfileKind } from '@everflame/profile';
import type { AcceptedType, IncomingProfile } from '../application/incoming-profile.ts';

const KINDS: Readonly<Record<string, ProfileKind>> = {
  KIND_INTERVAL: 'interval',
  KIND_GAUGE: 'gauge',
  KIND_CUMULATIVE: 'cumulative',
};

const HTTP_RESERVED = new Set(['name', 'from', 'until']);
const RETRY_AFTER_MS = 1000;

/** A gRPC push as the application sees it. Throws `InvalidArgumentError`. */
export function incomingFromGrpc(request: PushRequest__Output, tenant: string): IncomingProfile {
  const kinds = new Map<string, ProfileKind>();
  for (const { sampleType, kind } of request.kinds) {
    const known = KINDS[kind];
    if (known !== undefined) kinds.set(sampleType, known);
  }
  return {
    tenant,
    labels: uniqueLabels(request.labels.map(({ name, value }) => [name, value] as const)),
    profileName: checkedName(request.profileName),
    pprof: request.pprof,
    timeMs: Number(request.timeUnixMs),
    durationMs: Math.max(0, Number(request.durationMs)),
    kinds,
  };
}

/** A push over HTTP: every query parameter is a label, except `name`, `from` and `until`. */
export function incomingFromHttp(query: URLSearchParams, body: Uint8Array, tenant: string): IncomingProfile {
  const from = unixMs(query.get('from'), 'from');
  const until = unixMs(query.get('until'), 'until');
  if (from > 0 && until > 0 && until < from) {
    throw new InvalidArgumentError('until is before from.', { code: 'inverted_range', hint: 'Swap them.' });
  }
  return {
    tenant,
    labels: uniqueLabels([...query].filter(([name]) => !HTTP_RESERVED.has(name))),
    profileName: checkedName(query.get('name') ?? ''),
    pprof: body,
    timeMs: from,
    durationMs: from > 0 && until > 0 ? until - from : 0,
    kinds: new Map(),
  };
}

export function acceptedResponse(id: string, accepted: readonly AcceptedType[]): PushResponse {
  return { id, accepted: accepted.map(({ total, ...type }) => ({ ...type, total: String(total) })) };
}

export function refusedResponse(id: string, error: unknown): PushResponse {
  const known = error instanceof DomainError;
  const retryable = known ? error.isRetryable : true;
  return {
    id,
    error: {
      code: known ? error.code : 'internal',
      message: known ? error.message : 'Something went wrong inside Everflame.',
      hint: known ? (error.hint ?? '') : 'The log of the ingest service has the cause.',
      retryable,
      retryAfterMs: retryable ? RETRY_AFTER_MS : 0,
    },
  };
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

/** Unix time in s, ms, µs or ns by its number of digits, or 0 when absent. */
function unixMs(text: string | null, what: string): number {
  if (text === null || text === '') return 0;
  if (!/^\d{1,19}$/.test(text)) {
    throw new InvalidArgumentError(`${what} must be a Unix time in s, ms, µs or ns.`);
  }
  const digits = text.length;
  if (digits <= 10) return Number(text) * 1000;
  if (digits <= 13) return Number(text);
  return Number(text) / (digits <= 16 ? 1e3 : 1e6);
}
