import { type ClickHouse, deleteAlert, listAlerts, saveAlert } from '@everflame/storage';
import { type AlertRecord, alertRecordSchema } from '../documents/alert-document.ts';
import { AlertStore } from '../application/ports.ts';

export class ClickHouseAlertStore extends AlertStore {
  readonly #clickhouse: ClickHouse;
  readonly #tenant: string;

  constructor(clickhouse: ClickHouse, tenant: string) {
    super();
    this.#clickhouse = clickhouse;
    this.#tenant = tenant;
  }

  async list(): Promise<readonly AlertRecord[]> {
    const documents = await listAlerts(this.#clickhouse, this.#tenant);
    return documents
      .map((document) => alertRecordSchema.parse(document.body))
      .toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1));
  }

  async find(id: string): Promise<AlertRecord | undefined> {
    return (await this.list()).find((record) => record.id === id);
  }

  save(record: AlertRecord): Promise<void> {
    return saveAlert(this.#clickhouse, {
      tenant: this.#tenant,
      id: record.id,
      version: record.savedAt,
      body: record,
    });
  }

  delete(record: AlertRecord): Promise<void> {
    return deleteAlert(this.#clickhouse, {
      tenant: this.#tenant,
      id: record.id,
      version: record.savedAt + 1,
    });
  }
}
