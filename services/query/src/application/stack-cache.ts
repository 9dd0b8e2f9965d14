import { PathTrie, SymbolTable } from '@everflame/flamegraph';
import { IdTable } from '@everflame/profile';
import type { FrameRows, StackRows } from './stack-dictionary.ts';
import { Uint32List } from './uint32-list.ts';

/** Rough memory of a name or file beyond its characters: the string itself, its place in a list and in a map. */
const BYTES_PER_TEXT = 120;

/** What stands for a frame that storage does not know. */
const UNKNOWN_FRAME = '(unknown frame)';

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
 */
export class StackCache {
  readonly symbols = new SymbolTable();
  readonly paths = new PathTrie();
  private readonly texts = new SymbolTable();
  private readonly frameIds = new IdTable();
  private readonly frameSymbols = new Uint32List();
  private readonly frameFiles = new Uint32List();
  private readonly frameLines = new Uint32List();
  private readonly frameStartLines = new Uint32List();
  private readonly frameSystemNames = new Uint32List();
  private readonly stackIds = new IdTable();
  private readonly stackEnds = new Uint32List();
  private readonly stackFrames = new Uint32List(8192);
  private readonly stackNodes = new Uint32List();
  private textBytes = 0;

  /** Memory held, in bytes; that of texts is an estimate. */
  get bytes(): number {
    const parts = [
      this.paths,
      this.frameIds,
      this.frameSymbols,
      this.frameFiles,
      this.frameLines,
      this.frameStartLines,
      this.frameSystemNames,
      this.stackIds,
      this.stackEnds,
      this.stackFrames,
      this.stackNodes,
    ];
    return parts.reduce((sum, { bytes }) => sum + bytes, this.textBytes);
  }

  findStack(lo: number, hi: number): number {
    return this.stackIds.find(lo, hi);
  }

  hasFrame(lo: number, hi: number): boolean {
    return this.frameIds.find(lo, hi) !== -1;
  }

  addFrames(rows: FrameRows): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      this.addFrame(rows.idLo[i] ?? 0, rows.idHi[i] ?? 0, {
        name: rows.name[i] ?? '',
        file: rows.file[i] ?? '',
        line: rows.line[i] ?? 0,
        startLine: rows.startLine[i] ?? 0,
        systemName: rows.systemName[i] ?? '',
      });
    }
  }

  /** Adds stacks whose frames were added before; a frame that is still unknown gets a name that says so. */
  addStacks(rows: StackRows): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      const start = rows.offsets[i] ?? 0;
      const end = rows.offsets[i + 1] ?? start;
      const known = this.stackIds.size;
      if (this.stackIds.add(rows.idLo[i] ?? 0, rows.idHi[i] ?? 0) < known) continue;
      for (let j = start; j < end; j++) {
        this.stackFrames.push(this.frameIndex(rows.frameIdLo[j] ?? 0, rows.frameIdHi[j] ?? 0));
      }
      this.endStack();
    }
  }

  /** Adds a stack that another cache has, with its frames; the result is its index here. */
  adoptStack(from: StackCache, stack: number): number {
    const known = this.stackIds.size;
    const adopted = this.stackIds.add(from.stackIds.lo(stack), from.stackIds.hi(stack));
    if (adopted < known) return adopted;
    for (const frame of from.framesOf(stack)) {
      this.stackFrames.push(
        this.addFrame(from.frameIds.lo(frame), from.frameIds.hi(frame), {
          name: from.symbols.name(from.symbolOf(frame)),
          file: from.fileOf(frame),
          line: from.lineOf(frame),
          startLine: from.startLineOf(frame),
          systemName: from.systemNameOf(frame),
        }),
      );
    }
    this.endStack();
    return adopted;
  }

  /** Frame indexes of a stack, leaf first; a view that is valid until stacks are added. */
  framesOf(stack: number): Uint32Array {
    return this.stackFrames.slice(this.beginOf(stack), this.stackEnds.at(stack));
  }

  /** Where a stack ends in `paths`. */
  nodeOf(stack: number): number {
    return this.stackNodes.at(stack);
  }

  symbolOf(frame: number): number {
    return this.frameSymbols.at(frame);
  }

  fileOf(frame: number): string {
    return this.texts.name(this.frameFiles.at(frame));
  }

  lineOf(frame: number): number {
    return this.frameLines.at(frame);
  }

  startLineOf(frame: number): number {
    return this.frameStartLines.at(frame);
  }

  systemNameOf(frame: number): string {
    return this.texts.name(this.frameSystemNames.at(frame));
  }

  private beginOf(stack: number): number {
    return stack === 0 ? 0 : this.stackEnds.at(stack - 1);
  }

  /** Closes the stack whose frames were pushed last. */
  private endStack(): void {
    const begin = this.beginOf(this.stackEnds.length);
    this.stackEnds.push(this.stackFrames.length);
    let node = 0;
    for (let at = this.stackFrames.length - 1; at >= begin; at--) {
      node = this.paths.child(node, this.symbolOf(this.stackFrames.at(at)));
    }
    this.stackNodes.push(node);
  }

  private frameIndex(lo: number, hi: number): number {
    const known = this.frameIds.find(lo, hi);
    if (known !== -1) return known;
    return this.addFrame(lo, hi, { name: UNKNOWN_FRAME, file: '', line: 0, startLine: 0, systemName: '' });
  }

  private addFrame(lo: number, hi: number, frame: Frame): number {
    const known = this.frameIds.size;
    const index = this.frameIds.add(lo, hi);
    if (index < known) return index;
    this.frameFiles.push(this.internText(frame.file));
    this.frameLines.push(frame.line);
    this.frameStartLines.push(frame.startLine);
    this.frameSystemNames.push(this.internText(frame.systemName));
    const symbols = this.symbols.size;
    this.frameSymbols.push(this.symbols.intern(frame.name, frame.file));
    // Names are kept once more as bytes when they are sent.
    if (this.symbols.size > symbols) this.textBytes += 2 * frame.name.length + BYTES_PER_TEXT;
    return index;
  }

  private internText(text: string): number {
    const texts = this.texts.size;
    const id = this.texts.intern(text);
    if (this.texts.size > texts) this.textBytes += text.length + BYTES_PER_TEXT;
    return id;
  }
}
