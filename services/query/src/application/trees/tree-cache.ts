import type { ProfileFilter } from '@everflame/storage';
import type { EntryLayout } from '../cache/cache-entry.ts';
import type { CachedAnswers } from '../cache/cached-answers.ts';
import type { TreeAnswer } from './tree-maker.ts';

/** Bytes as they are sent: `encoding` as in HTTP. */
export interface EncodedBytes {
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

/** Makes bytes smaller, as a client takes it. */
export interface Encoder {
  /** Tells encoders apart. */
  readonly name: string;
  encode(bytes: Uint8Array): Promise<EncodedBytes>;
}

/** A call tree as it is sent. */
export type EncodedTree = EncodedBytes & Omit<TreeAnswer, 'bytes'>;

/**
 * Trees as they are sent, those of settled hours through a cache: a link that many people open, or a page that is loaded
 * again, takes neither the making nor the compressing. `view` is what tells this tree from others of the profiles that
 * `filters` select; none if that is not known.
 */
export async function readTree(
  answers: CachedAnswers,
  { filters, view }: { readonly filters: readonly ProfileFilter[]; readonly view: object },
  encoder: Encoder,
  make: () => Promise<TreeAnswer>,
): Promise<EncodedTree> {
  return answers.read(filters, ['tree', encoder.name, view], LAYOUT, async () => {
    const answer = await make();
    return { ...answer, ...(await encoder.encode(answer.bytes)) };
  });
}

const LAYOUT: EntryLayout<EncodedTree, Omit<EncodedTree, 'bytes'>> = {
  layout: 1,
  pack: ({ bytes, ...header }) => (header.isLasting ? { header, arrays: [bytes] } : undefined),
  unpack: (header, body) => ({ ...header, bytes: new Uint8Array(body) }),
};
