import type { Principal } from '@everflame/service-kit';
import {
  type ClickHouse,
  deleteDocument,
  type DocumentTable,
  listDocuments,
  saveDocument,
} from '@everflame/storage';
import type { DocumentStore } from '../application/ports.ts';
import { ALERT_FORM } from '../documents/alert-document.ts';
import { RECEIVER_FORM } from '../documents/receiver-document.ts';
import { RULE_FORM } from '../documents/rule-document.ts';
import { type DocumentForm, isOld, readDocument, writeDocument } from '../documents/versioned-document.ts';

/** Documents of one kind in a table of ClickHouse that has their name. */
export class ClickHouseDocuments<T extends object> implements DocumentStore<T> {
  readonly #clickhouse: ClickHouse;
  readonly #table: DocumentTable;
  readonly #form: DocumentForm<T>;

  constructor(clickhouse: ClickHouse, form: DocumentForm<T>) {
    this.#clickhouse = clickhouse;
    this.#table = `${form.what}s`;
    this.#form = form;
  }

  async list({ tenant }: Principal): Promise<readonly T[]> {
    const stored = await listDocuments(this.#clickhouse, this.#table, tenant);
    return stored.map(({ id, body }) => readDocument(this.#form, id, body)).toSorted(this.#form.compare);
  }

  async find({ tenant }: Principal, id: string): Promise<T | undefined> {
    const stored = await listDocuments(this.#clickhouse, this.#table, tenant);
    const found = stored.find((one) => one.id === id);
    return found === undefined ? undefined : readDocument(this.#form, id, found.body);
  }

  save({ tenant }: Principal, document: T): Promise<void> {
    const version = this.#form.changedAt(document);
    const body = writeDocument(this.#form, document);
    return saveDocument(this.#clickhouse, this.#table, { ...this.#keyOf(tenant, document), version, body });
  }

  delete({ tenant }: Principal, document: T): Promise<void> {
    const version = this.#form.changedAt(document) + 1;
    return deleteDocument(this.#clickhouse, this.#table, { ...this.#keyOf(tenant, document), version });
  }

  /** Stores what has an older version in the newest one. Throws `schema_too_new` for what a newer program has stored. */
  async upgrade(): Promise<void> {
    for (const { tenant, id, version, body } of await listDocuments(this.#clickhouse, this.#table, null)) {
      if (!isOld(this.#form, id, body)) continue;
      const upgraded = writeDocument(this.#form, readDocument(this.#form, id, body));
      await saveDocument(this.#clickhouse, this.#table, { tenant, id, version, body: upgraded });
    }
  }

  #keyOf(tenant: string, document: T): { tenant: string; id: string } {
    return { tenant, id: this.#form.idOf(document) };
  }
}

/** Opens the documents of the alerter. */
export function openDocuments(clickhouse: ClickHouse) {
  return {
    rules: new ClickHouseDocuments(clickhouse, RULE_FORM),
    alerts: new ClickHouseDocuments(clickhouse, ALERT_FORM),
    receivers: new ClickHouseDocuments(clickhouse, RECEIVER_FORM),
  };
}
