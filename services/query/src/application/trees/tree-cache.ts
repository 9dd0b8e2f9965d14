import type { ProfileFilter } from '@everflame/storage';
import type { ClosedReads } from '../cache/cached-answers.ts';
import { packKept, unpackKept } from '../cache/cache-entry.ts';
import type { TreeAnswer } from './tree-maker.ts';

/** Before a change of the layout, or of what the bytes of a tree mean, this must change. */
const LAYOUT = 1;

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

const CODEC = { encode: encodeKept, decode: decodeKept };

/**
 * Trees as they are sent, those of closed hours through a cache: a link that many people open, or a page that is loaded
 * again, takes neither the making nor the compressing.
 */
export class KeptTrees {
  private readonly reads: ClosedReads;

  constructor(reads: ClosedReads) {
    this.reads = reads;
  }

  /** `filters` select the profiles, none if that is not known; `view` is what tells this tree from others of them. */
  async read(
    filters: readonly ProfileFilter[],
    view: object,
    encoder: Encoder,
    make: () => Promise<TreeAnswer>,
  ): Promise<EncodedTree> {
    return this.reads.readMade(filters, ['tree', encoder.name, view], CODEC, async () => {
      const answer = await make();
      return { ...answer, ...(await encoder.encode(answer.bytes)) };
    });
  }
}

type Header = Omit<EncodedTree, 'bytes'> & { readonly layout: number; readonly version: string };

function encodeKept({ bytes, ...rest }: EncodedTree, version: string): Buffer | undefined {
  if (!rest.isLasting) return undefined;
  const header: Header = { ...rest, layout: LAYOUT, version };
  return packKept(header, [bytes]);
}

/** Undefined for bytes of another layout or version. */
function decodeKept(kept: Buffer, version: string): EncodedTree | undefined {
  const unpacked = unpackKept(kept);
  if (unpacked === undefined) return undefined;
  const { layout, version: storedVersion, ...rest } = unpacked.header as Header;
  if (layout !== LAYOUT || storedVersion !== version) return undefined;
  return { ...rest, bytes: new Uint8Array(unpacked.body) };
}
