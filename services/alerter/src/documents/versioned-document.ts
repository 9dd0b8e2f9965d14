import { DomainError } from '@everflame/profile';
import { z } from 'zod';

/** JSON as it was stored, of any version. */
export type StoredBody = Readonly<Record<string, unknown>>;

/** How documents of one kind are stored: as JSON that says its version, which the first version does not. */
export interface DocumentForm<T> {
  readonly what: 'rule' | 'alert' | 'receiver';
  /** Of the newest version. */
  readonly schema: z.ZodType<T>;
  /** `upgrades[n]` makes a document of version `n + 2` out of one of version `n + 1`. */
  readonly upgrades: readonly ((body: StoredBody) => StoredBody)[];
  readonly idOf: (document: T) => string;
  /** Rises with every change; of two changes the later one counts. */
  readonly changedAt: (document: T) => number;
  readonly compare: (a: T, b: T) => number;
}

const bodySchema = z.looseObject({ version: z.int().min(1).default(1) });

/** Whether a stored document has an older version than the newest; throws `schema_too_new` when it has a newer one. */
export function isOld<T>(form: DocumentForm<T>, id: string, stored: unknown): boolean {
  return parseBody(form, id, stored).version < newestVersion(form);
}

/** Reads a document of any version up to the newest; throws `schema_too_new` for a newer one. */
export function readDocument<T>(form: DocumentForm<T>, id: string, stored: unknown): T {
  const { version, ...body } = parseBody(form, id, stored);
  const upgrades = form.upgrades.slice(version - 1);
  return form.schema.parse(upgrades.reduce((older: StoredBody, upgrade) => upgrade(older), body));
}

/** Returns the JSON to store. */
export function writeDocument<T extends object>(form: DocumentForm<T>, document: T): StoredBody {
  return { version: newestVersion(form), ...document };
}

function newestVersion<T>(form: DocumentForm<T>): number {
  return form.upgrades.length + 1;
}

function parseBody<T>(form: DocumentForm<T>, id: string, stored: unknown): z.infer<typeof bodySchema> {
  const body = bodySchema.parse(stored);
  const newest = newestVersion(form);
  if (body.version <= newest) return body;
  throw new DomainError(
    'conflict',
    'schema_too_new',
    `The ${form.what} ${id} was stored in version ${body.version}; this program knows versions up to ${newest}.`,
    { hint: 'Start the newer program again, or restore the backup made before the upgrade.' },
  );
}
