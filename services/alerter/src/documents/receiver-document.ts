import { z } from 'zod';
import type { DocumentForm } from './versioned-document.ts';

/** A receiver: which alerts it gets, and settings that its kind of notifier alone understands. */
const receiverDocumentSchema = z.object({
  /** Its name. */
  id: z.string(),
  match: z.string(),
  /** Of the notifier. */
  kind: z.string(),
  settings: z.record(z.string(), z.unknown()),
  updatedAt: z.number(),
});
export type ReceiverDocument = z.infer<typeof receiverDocumentSchema>;

export const RECEIVER_FORM: DocumentForm<ReceiverDocument> = {
  what: 'receiver',
  schema: receiverDocumentSchema,
  upgrades: [],
  idOf: (receiver) => receiver.id,
  changedAt: (receiver) => receiver.updatedAt,
  compare: (a, b) => (a.id < b.id ? -1 : 1),
};
