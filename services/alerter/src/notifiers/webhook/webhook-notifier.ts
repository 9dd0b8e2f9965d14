import { NOTIFIER_SETTINGS } from '@everflame/contract';
import { DomainError, InvalidArgumentError, UnavailableError } from '@everflame/profile';
import type { z } from 'zod';
import type { Notice, Notifier } from '../notifier.ts';
import { basicLoginOf, changedWebhook, shownWebhook, withoutWebhookSecrets } from './webhook-address.ts';
import { webhookPayloadOf } from './webhook-payload.ts';

const MAX_ANSWER_BYTES = 1024;
const MAX_QUOTED_CHARACTERS = 200;
/** Answers that a later try may not get: timeout, too early, too many requests. */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);

type WebhookSettings = z.infer<typeof NOTIFIER_SETTINGS.webhook>;

/**
 * POSTs notices as JSON, with what stands before the host as a login. Follows no redirect and reads no more than 1 KiB of
 * an answer.
 */
export class WebhookNotifier implements Notifier<WebhookSettings> {
  readonly settings = NOTIFIER_SETTINGS.webhook;
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  show({ url }: WebhookSettings): WebhookSettings {
    return { url: shownWebhook(url) };
  }

  change({ url }: WebhookSettings, existing: WebhookSettings | undefined): WebhookSettings {
    return { url: changedWebhook(url, existing?.url) ?? url };
  }

  async send(notice: Notice, { url }: WebhookSettings): Promise<void> {
    const { protocol } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new InvalidArgumentError(`A webhook needs http or https, not ${protocol}`, {
        code: 'invalid_webhook_url',
      });
    }
    const signal = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let answer: string;
    try {
      response = await fetch(withoutLogin(url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'everflame-alerter',
          ...authorizationOf(url),
        },
        body: JSON.stringify(webhookPayloadOf(notice)),
        redirect: 'manual',
        signal,
      });
      answer = await readStart(response);
    } catch (error) {
      const message = `The webhook did not answer (${reasonOf(error, this.#timeoutMs)}).`;
      throw new UnavailableError('webhook_unavailable', message, { cause: error });
    }
    if (!response.ok) throw refusal(response.status, withoutWebhookSecrets(answer, url));
  }
}

/** `fetch` takes no address with a login, and would name it in its error. */
function withoutLogin(url: string): URL {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  return address;
}

function authorizationOf(url: string): Record<string, string> {
  const login = basicLoginOf(url);
  return login === undefined ? {} : { authorization: `Basic ${login}` };
}

function refusal(status: number, answer: string): DomainError {
  const quoted = answer.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTED_CHARACTERS);
  const isRedirect = status >= 300 && status < 400;
  const why = isRedirect ? '; redirects are not followed' : quoted === '' ? '' : `: ${quoted}`;
  const message = `The webhook answered with status ${status}${why}.`;
  const isRetryable = status >= 500 || RETRYABLE_STATUSES.has(status);
  return new DomainError(isRetryable ? 'unavailable' : 'invalid', 'webhook_refused', message);
}

async function readStart({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${timeoutMs} ms`;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}
