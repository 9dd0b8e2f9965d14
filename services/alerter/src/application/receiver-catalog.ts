import type { NotifierSettings, ReceiverInput } from '@everflame/contract';
import {
  DomainError,
  InvalidSelectorError,
  LabelSet,
  labelPredicate,
  NotFoundError,
  parseSelector,
} from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { Delivery } from '../documents/alert-document.ts';
import type { ReceiverDocument } from '../documents/receiver-document.ts';
import type { Notifier, Notifiers } from '../notifiers/notifier.ts';
import type { Labels } from '../rules/rule-kind.ts';
import { Catalog, type CatalogOptions, type Known } from './catalog.ts';

const MAX_RECEIVERS = 100;

/** A receiver of any notifier: its settings stand under the notifier's name. */
export type AnyReceiverInput = Pick<ReceiverInput, 'name' | 'match'> & Readonly<Record<string, unknown>>;

export interface ReceiverCatalogOptions extends Omit<CatalogOptions<ReceiverDocument>, 'what' | 'max'> {
  readonly notifiers: Notifiers;
}

export class ReceiverCatalog extends Catalog<ReceiverDocument> {
  /** Schemas of the settings that receivers can have, by notifier. */
  readonly settings: NotifierSettings;
  readonly #notifiers: Notifiers;

  constructor(options: ReceiverCatalogOptions) {
    super({ ...options, what: 'receiver', max: MAX_RECEIVERS });
    this.#notifiers = options.notifiers;
    const settings = Object.entries(options.notifiers).map(([kind, notifier]) => [kind, notifier.settings]);
    this.settings = Object.fromEntries(settings) as NotifierSettings;
  }

  /** Checks the receivers of a file; what it returns has them take effect. Throws a `DomainError` that names the one that is wrong. */
  checkFile(receivers: readonly AnyReceiverInput[]): () => void {
    return this.useOfFile(receivers, (input) => this.#documentOf(input, undefined));
  }

  /** Throws `receiver_exists`, `limit_receivers`, or what is wrong with its matchers or settings. */
  async create(principal: Principal, input: AnyReceiverInput): Promise<Known<ReceiverDocument>> {
    if ((await this.find(principal, input.name)) !== undefined) {
      throw new DomainError('conflict', 'receiver_exists', 'There is a receiver of that name.', {
        hint: 'Choose another name, or PUT the receiver to change it.',
      });
    }
    return this.add(principal, this.#documentOf(input, undefined));
  }

  /** Throws `unknown_receiver`, `receiver_is_read_only`, or what is wrong with its matchers or settings. */
  async replace(principal: Principal, input: AnyReceiverInput): Promise<Known<ReceiverDocument>> {
    const existing = await this.changeable(principal, input.name);
    return this.replaceItem(principal, existing, this.#documentOf(input, existing));
  }

  /** Returns the names of the receivers that get an alert with these labels. */
  async route(principal: Principal, labels: Labels): Promise<readonly string[]> {
    const set = LabelSet.of(labels);
    const receivers = await this.list(principal);
    return receivers.filter(({ match }) => predicateOf(match)(set)).map(({ id }) => id);
  }

  /** Returns how to reach a receiver now; throws `unknown_receiver` when it is gone. */
  async reach(
    principal: Principal,
    { receiver, own }: Delivery,
  ): Promise<{ readonly notifier: Notifier; readonly settings: Readonly<Record<string, unknown>> }> {
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

  #documentOf(input: AnyReceiverInput, existing: ReceiverDocument | undefined): ReceiverDocument {
    const { name, match } = input;
    predicateOf(match);
    const [kind = '', notifier] = Object.entries(this.#notifiers).find(([one]) => one in input) ?? [];
    if (notifier === undefined) throw new Error(`the schema let pass a receiver without a notifier: ${name}`);
    const known = existing?.kind === kind ? existing.settings : undefined;
    const settings = notifier.change(notifier.settings.parse(input[kind]), known);
    return { id: name, match, kind, settings, updatedAt: this.now() };
  }
}

function predicateOf(match: string): ReturnType<typeof labelPredicate> {
  const { profileType, matchers } = parseSelector(match);
  if (profileType !== undefined)
    throw new InvalidSelectorError('A receiver matches labels, no profile type.');
  return labelPredicate(matchers);
}
