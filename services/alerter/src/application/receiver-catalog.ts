import type { NotifierSettings, ReceiverInput } from '@everflame/contract';
import {
  InvalidSelectorError,
  LabelSet,
  labelPredicate,
  NotFoundError,
  parseSelector,
} from '@everflame/profile';
import type { Clock, Principal } from '@everflame/service-kit';
import type { Delivery } from '../documents/alert-document.ts';
import type { ReceiverDocument } from '../documents/receiver-document.ts';
import type { Notifiers } from '../notifiers/notifier.ts';
import type { Labels } from '../rules/rule-kind.ts';
import { Catalog, type Known } from './catalog.ts';
import type { DocumentStore } from './ports.ts';

const MAX_RECEIVERS = 100;

/** A receiver of any notifier: its settings stand under the notifier's name. */
export type AnyReceiverInput = Pick<ReceiverInput, 'name' | 'match'> & Readonly<Record<string, unknown>>;

export interface ReceiverCatalogOptions {
  readonly store: DocumentStore<ReceiverDocument>;
  readonly clock: Clock;
  readonly notifiers: Notifiers;
}

export class ReceiverCatalog extends Catalog<ReceiverDocument, AnyReceiverInput> {
  /** Schemas of the settings that receivers can have, by notifier. */
  readonly settings: NotifierSettings;
  readonly #notifiers: Notifiers;

  constructor({ store, clock, notifiers }: ReceiverCatalogOptions) {
    super({
      what: 'receiver',
      max: MAX_RECEIVERS,
      store,
      idOf: ({ name }) => name,
      make: (input, id, existing) => ({
        ...readInput(input, existing, notifiers),
        id,
        updatedAt: clock.now(),
      }),
    });
    this.#notifiers = notifiers;
    const settings = Object.entries(notifiers).map(([kind, notifier]) => [kind, notifier.settings]);
    this.settings = Object.fromEntries(settings) as NotifierSettings;
  }

  /** Returns the names of the receivers that get an alert with these labels. */
  async route(principal: Principal, labels: Labels): Promise<readonly string[]> {
    const set = LabelSet.of(labels);
    const receivers = await this.list(principal);
    return receivers.filter(({ match }) => predicateOf(match)(set)).map(({ id }) => id);
  }

  /** Returns how to reach a receiver now; throws `unknown_receiver` when it is gone. */
  async reach(principal: Principal, { receiver, own }: Delivery) {
    const found = own ?? (await this.find(principal, receiver));
    const notifier = found === undefined ? undefined : this.#notifiers[found.kind];
    if (found === undefined || notifier === undefined) {
      throw new NotFoundError('unknown_receiver', `There is no receiver ${receiver} any more.`);
    }
    return { notifier, settings: notifier.settings.parse(found.settings) };
  }

  /** Returns what the API shows of a receiver. */
  show({ id, match, kind, settings, source, updatedAt }: Known<ReceiverDocument>) {
    return { name: id, match, [kind]: this.#notifiers[kind]?.show(settings), source, updatedAt };
  }
}

/** Returns what a receiver is to be; throws what is wrong with its matchers or settings. */
function readInput(
  { name, match, ...settingsByKind }: AnyReceiverInput,
  existing: ReceiverDocument | undefined,
  notifiers: Notifiers,
): Pick<ReceiverDocument, 'match' | 'kind' | 'settings'> {
  predicateOf(match);
  const [kind = '', notifier] = Object.entries(notifiers).find(([one]) => one in settingsByKind) ?? [];
  if (notifier === undefined) throw new Error(`the schema let pass a receiver without a notifier: ${name}`);
  const known = existing?.kind === kind ? existing.settings : undefined;
  return { match, kind, settings: notifier.change(notifier.settings.parse(settingsByKind[kind]), known) };
}

function predicateOf(match: string): ReturnType<typeof labelPredicate> {
  const { profileType, matchers } = parseSelector(match);
  if (profileType !== undefined)
    throw new InvalidSelectorError('A receiver matches labels, no profile type.');
  return labelPredicate(matchers);
}
