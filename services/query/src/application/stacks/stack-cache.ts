import { PairTable, Uint32List } from '@everflame/bytes';
import { type MeasuredFrames, PathTrie, SymbolTable } from '@everflame/flamegraph';
import type { LoadedFrames, LoadedStacks } from '@everflame/storage';

/** Frames as they are shown: `name` is `0x…` where a frame is not symbolised. */
export type FrameRows = Omit<LoadedFrames, 'addressLo' | 'addressHi' | 'buildId'>;

/** Rough memory of a name or file beyond its characters: the string itself, its place in a list and in a map. */
const BYTES_PER_TEXT = 120;

/** Rough memory of an entry of a map by number. */
const BYTES_PER_INCOMPLETE = 60;

/** The function that stands for a stack, or a frame of one, that storage does not know. */
export const UNRESOLVED = '(unresolved)';

/** A stack that is not as it was measured. */
interface Incomplete {
  /** Frames that storage does not know; all of them where it does not know the stack. */
  readonly missing: number;
  /** When to look for it again. */
  readonly retryAtMs: number;
}

interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly startLine: number;
  readonly systemName: string;
}

/**
 * Stacks and frames that were looked up, by id, as small integers: frame and stack indexes are dense from 0 and stay
 * valid, since a cache only grows. Each stack also ends at a node of `paths`, a trie of all their functions.
 *
 * A stack that storage does not know, or not whole, has `UNRESOLVED` in place of what is missing. It is looked for again
 * after a while; what is found then gets an index of its own, so that answers keep what they were made of.
 */
export class StackCache implements MeasuredFrames {
  readonly symbols = new SymbolTable();
  readonly paths = new PathTrie();
  readonly #texts = new SymbolTable();
  readonly #frameIds = new PairTable();
  readonly #frameSymbols = new Uint32List();
  readonly #frameFiles = new Uint32List();
  readonly #frameLines = new Uint32List();
  readonly #frameStartLines = new Uint32List();
  readonly #frameSystemNames = new Uint32List();
  readonly #stackIds = new PairTable();
  /** Stack by the number of its id. */
  readonly #stackOfId = new Uint32List();
  /** By the number of the id of the stack. */
  readonly #incomplete = new Map<number, Incomplete>();
  /** Stacks that have `UNRESOLVED`. */
  readonly #unresolved = new Set<number>();
  readonly #stackEnds = new Uint32List();
  readonly #stackFrames = new Uint32List(8192);
  readonly #stackNodes = new Uint32List();
  #textBytes = 0;

  /** Memory held, in bytes; that of texts is an estimate. */
  get bytes(): number {
    const parts = [
      this.paths,
      this.#frameIds,
      this.#frameSymbols,
      this.#frameFiles,
      this.#frameLines,
      this.#frameStartLines,
      this.#frameSystemNames,
      this.#stackIds,
      this.#stackOfId,
      this.#stackEnds,
      this.#stackFrames,
      this.#stackNodes,
    ];
    const others = this.#textBytes + (this.#incomplete.size + this.#unresolved.size) * BYTES_PER_INCOMPLETE;
    return parts.reduce((sum, { bytes }) => sum + bytes, others);
  }

  /** The stack of an id, whole or not; -1 where it was never looked for. */
  findStack(lo: number, hi: number): number {
    const id = this.#stackIds.find(lo, hi);
    return id === -1 ? -1 : this.#stackOfId.at(id);
  }

  /** Whether the stack of an id is there, and not one that is to be looked for again by now. */
  hasStack(lo: number, hi: number, nowMs: number): boolean {
    const id = this.#stackIds.find(lo, hi);
    if (id === -1) return false;
    return this.#incomplete.size === 0 || (this.#incomplete.get(id)?.retryAtMs ?? Infinity) > nowMs;
  }

  /** Whether the stack of an id is there with nothing missing. */
  hasWhole(lo: number, hi: number): boolean {
    const stack = this.findStack(lo, hi);
    return stack !== -1 && !this.isUnresolved(stack);
  }

  /** Whether anything of a stack is missing. */
  isUnresolved(stack: number): boolean {
    return this.#unresolved.size > 0 && this.#unresolved.has(stack);
  }

  hasFrame(lo: number, hi: number): boolean {
    return this.#frameIds.find(lo, hi) !== -1;
  }

  addFrames(rows: FrameRows): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      this.#addFrame(rows.idLo[i] as number, rows.idHi[i] as number, {
        name: rows.name[i] as string,
        file: rows.file[i] as string,
        line: rows.line[i] as number,
        startLine: rows.startLine[i] as number,
        systemName: rows.systemName[i] as string,
      });
    }
  }

  /** Adds stacks whose frames were added before. Those with frames that are still unknown are incomplete until then. */
  addStacks(rows: LoadedStacks, retryAtMs: number): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      const start = rows.offsets[i] as number;
      const end = rows.offsets[i + 1] as number;
      const id = this.#stackIds.add(rows.idLo[i] as number, rows.idHi[i] as number);
      const begin = this.#stackFrames.length;
      let missing = 0;
      for (let j = start; j < end; j++) {
        const frame = this.#frameIds.find(rows.frameIdLo[j] as number, rows.frameIdHi[j] as number);
        if (frame === -1) missing++;
        this.#stackFrames.push(frame === -1 ? this.#unresolvedFrame() : frame);
      }
      if (this.#improves(id, missing, retryAtMs)) this.#endStack(id, missing > 0);
      else this.#stackFrames.truncate(begin);
    }
  }

  /** Adds a stack that storage does not know. */
  addUnknownStack(lo: number, hi: number, retryAtMs: number): void {
    const id = this.#stackIds.add(lo, hi);
    if (!this.#improves(id, Infinity, retryAtMs)) return;
    this.#stackFrames.push(this.#unresolvedFrame());
    this.#endStack(id, true);
  }

  /** Adds a stack that another cache has whole, with its frames. */
  adoptStack(from: StackCache, lo: number, hi: number): void {
    const known = this.#stackIds.count;
    const id = this.#stackIds.add(lo, hi);
    if (id < known) return;
    for (const frame of from.framesOf(from.findStack(lo, hi))) {
      this.#stackFrames.push(
        this.#addFrame(from.#frameIds.lo[frame] as number, from.#frameIds.hi[frame] as number, {
          name: from.name(frame),
          file: from.file(frame),
          line: from.line(frame),
          startLine: from.startLine(frame),
          systemName: from.systemName(frame),
        }),
      );
    }
    this.#endStack(id, false);
  }

  /** Frame indexes of a stack, leaf first; a view that is valid until stacks are added. */
  framesOf(stack: number): Uint32Array {
    return this.#stackFrames.subarray(this.#beginOf(stack), this.#stackEnds.at(stack));
  }

  /** Where a stack ends in `paths`. */
  nodeOf(stack: number): number {
    return this.#stackNodes.at(stack);
  }

  /** Number of frames. */
  get size(): number {
    return this.#frameIds.count;
  }

  name(frame: number): string {
    return this.symbols.name(this.#frameSymbols.at(frame));
  }

  file(frame: number): string {
    return this.#texts.name(this.#frameFiles.at(frame));
  }

  line(frame: number): number {
    return this.#frameLines.at(frame);
  }

  startLine(frame: number): number {
    return this.#frameStartLines.at(frame);
  }

  systemName(frame: number): string {
    return this.#texts.name(this.#frameSystemNames.at(frame));
  }

  #beginOf(stack: number): number {
    return stack === 0 ? 0 : this.#stackEnds.at(stack - 1);
  }

  /** Notes how much of a stack is missing; false where that much was known before. */
  #improves(id: number, missing: number, retryAtMs: number): boolean {
    const isKnown = id < this.#stackOfId.length;
    const before = isKnown ? (this.#incomplete.get(id)?.missing ?? 0) : undefined;
    if (before === 0) return false;
    if (missing === 0) this.#incomplete.delete(id);
    else this.#incomplete.set(id, { missing, retryAtMs });
    return before === undefined || missing < before;
  }

  /** Closes the stack of an id, whose frames were pushed last. */
  #endStack(id: number, isUnresolved: boolean): void {
    const stack = this.#stackEnds.length;
    const begin = this.#beginOf(stack);
    if (id === this.#stackOfId.length) this.#stackOfId.push(stack);
    else this.#stackOfId.values[id] = stack;
    if (isUnresolved) this.#unresolved.add(stack);
    this.#stackEnds.push(this.#stackFrames.length);
    let node = 0;
    for (let at = this.#stackFrames.length - 1; at >= begin; at--) {
      node = this.paths.child(node, this.#frameSymbols.at(this.#stackFrames.at(at)));
    }
    this.#stackNodes.push(node);
  }

  // No frame has this id, which is a hash.
  #unresolvedFrame(): number {
    return this.#addFrame(0, 0, { name: UNRESOLVED, file: '', line: 0, startLine: 0, systemName: '' });
  }

  #addFrame(lo: number, hi: number, frame: Frame): number {
    const known = this.#frameIds.count;
    const index = this.#frameIds.add(lo, hi);
    if (index < known) return index;
    this.#frameFiles.push(this.#internText(frame.file));
    this.#frameLines.push(frame.line);
    this.#frameStartLines.push(frame.startLine);
    this.#frameSystemNames.push(this.#internText(frame.systemName));
    const symbols = this.symbols.size;
    this.#frameSymbols.push(this.symbols.intern(frame.name, frame.file));
    // Names are kept once more as bytes when they are sent.
    if (this.symbols.size > symbols) this.#textBytes += 2 * frame.name.length + BYTES_PER_TEXT;
    return index;
  }

  #internText(text: string): number {
    const texts = this.#texts.size;
    const id = this.#texts.intern(text);
    if (this.#texts.size > texts) this.#textBytes += text.length + BYTES_PER_TEXT;
    return id;
  }
}
