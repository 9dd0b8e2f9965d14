import type { ClickHouse } from './client.ts';
import { StringColumn, UInt64Column, UInt8Column } from './native/columns.ts';
import { allOf, type Sql, SqlParams } from './sql.ts';

/** A rule or an alert as it is stored: JSON under an id, of which the highest version counts. */
export interface StoredDocument {
  readonly tenant: string;
  readonly id: string;
  /** Rises with every change; a safe integer, such as the time of the change in ms. */
  readonly version: number;
  /** Anything JSON can hold. */
  readonly body: unknown;
}

/** What is stored so. */
export type DocumentTable = 'rules' | 'alerts' | 'receivers';

export function saveDocument(
  clickhouse: ClickHouse,
  table: DocumentTable,
  document: StoredDocument,
): Promise<void> {
  return save(clickhouse, table, document, false);
}

/** Removes a document. `version` must be higher than its own. */
export function deleteDocument(
  clickhouse: ClickHouse,
  table: DocumentTable,
  document: Omit<StoredDocument, 'body'>,
): Promise<void> {
  return save(clickhouse, table, { ...document, body: null }, true);
}

export function selectDocuments(table: DocumentTable, tenant: string | null): Sql {
  const params = new SqlParams();
  const conditions = ['deleted = 0'];
  if (tenant !== null) conditions.unshift(`tenant = ${params.bind('tenant', 'String', tenant)}`);
  return params.sql(`SELECT CAST(tenant AS String) AS tenant_id, id, toInt64(version) AS version_number, body
FROM ${table} FINAL
WHERE ${allOf(conditions)}
ORDER BY tenant_id, id`);
}

/** Returns the documents of one tenant, by id; of all tenants where `tenant` is null. */
export async function listDocuments(
  clickhouse: ClickHouse,
  table: DocumentTable,
  tenant: string | null,
): Promise<StoredDocument[]> {
  const answer = await clickhouse.select(selectDocuments(table, tenant));
  return answer
    .records({ tenant_id: 'string', id: 'string', version_number: 'number', body: 'string' })
    .map(({ tenant_id: tenant, id, version_number: version, body }) => ({
      tenant,
      id,
      version,
      body: JSON.parse(body) as unknown,
    }));
}

async function save(
  clickhouse: ClickHouse,
  table: DocumentTable,
  document: StoredDocument,
  isDeleted: boolean,
): Promise<void> {
  const columns = {
    tenant: new StringColumn(),
    id: new StringColumn(),
    version: new UInt64Column(),
    deleted: new UInt8Column(),
    body: new StringColumn(),
  };
  columns.tenant.push(document.tenant);
  columns.id.push(document.id);
  columns.version.push(document.version >>> 0, Math.floor(document.version / 2 ** 32));
  columns.deleted.push(isDeleted ? 1 : 0);
  columns.body.push(JSON.stringify(document.body));
  await clickhouse.insertColumns(table, columns);
}
