import type { NOTIFIER_SETTINGS } from '@everflame/contract';
import type { Notifiers } from './notifier.ts';
import { WebhookNotifier } from './webhook/webhook-notifier.ts';

/** The notifiers that there are; the schemas of their settings are `NOTIFIER_SETTINGS` of the contract. */
export function openNotifiers(options: { readonly webhookTimeoutMs: number }): Notifiers {
  return { webhook: new WebhookNotifier(options.webhookTimeoutMs) } satisfies Record<
    keyof typeof NOTIFIER_SETTINGS,
    unknown
  >;
}
