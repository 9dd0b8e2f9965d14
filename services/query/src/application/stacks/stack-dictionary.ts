/** Stacks as they are stored: frame ids leaf first. Arrays are parallel, `frames` by `offsets`. */
export interface StackRows {
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** One more than there are stacks. */
  readonly offsets: Uint32Array;
  readonly frameIdLo: Uint32Array;
  readonly frameIdHi: Uint32Array;
}

export interface FrameRows {
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** Function name; `0x…` for a frame that is not symbolised. */
  readonly name: readonly string[];
  readonly file: readonly string[];
  readonly line: Uint32Array;
  readonly startLine: Uint32Array;
  readonly systemName: readonly string[];
}

/** Whose stacks are looked up. */
export interface StackOwner {
  readonly tenant: string;
  /** Services that have the stacks, if known: it spares looking under all others. */
  readonly services?: readonly string[] | undefined;
}

/** Looks stacks and frames up by id. Port; the type is the injection token. */
export abstract class StackDictionary {
  abstract loadStacks(owner: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<StackRows>;
  abstract loadFrames(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows>;
}
