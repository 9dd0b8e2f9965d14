import type { Alert } from '@everflame/contract';
import type { z } from 'zod';
import type { Transition } from '../documents/alert-document.ts';
import type { AlertText, Labels } from '../rules/rule-kind.ts';

/** What a receiver is told: that an alert fires or is over, in words that need no knowledge of its kind. */
export interface Notice extends AlertText {
  readonly transition: Transition;
  /** Name of the receiver. */
  readonly receiver: string;
  /** Of the alert, with the name of its rule as `alertname`. */
  readonly labels: Labels;
  /** The same for all notices about one group of one rule. */
  readonly groupKey: string;
  /** When it fired and, once it is over, ended; Unix ms. */
  readonly startsAt: number;
  readonly endsAt: number | null;
  readonly dashboardUrl: string;
  /** The alert as the API shows it, with the details of its kind. */
  readonly alert: Alert;
}

/** One way to tell a receiver. */
export interface Notifier<Settings = Readonly<Record<string, unknown>>> {
  /** What has to be known of a receiver. */
  readonly settings: z.ZodObject & z.ZodType<Settings>;
  /** Throws a `DomainError` (retryable or not) unless the receiver took the notice. */
  send(notice: Notice, settings: Settings): Promise<void>;
  /** Returns the settings without what is secret in them. */
  show(settings: Settings): Settings;
  /** Returns the settings after a change, in which what is as it is shown stays. */
  change(given: Settings, existing: Settings | undefined): Settings;
}

/** By the name that receivers call them. */
export type Notifiers = Readonly<Record<string, Notifier>>;
