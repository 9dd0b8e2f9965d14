import type { LoadedFrames, LoadedStacks } from '@everflame/storage';

/** Frames as they are shown: `name` is `0x…` where a frame is not symbolised. */
export type FrameRows = Omit<LoadedFrames, 'addressLo' | 'addressHi' | 'buildId'>;

/** Whose stacks are looked up. */
export interface StackOwner {
  readonly tenant: string;
  /** Services that have the stacks, if known: it spares looking under all others. */
  readonly services?: readonly string[] | undefined;
}

/** Looks stacks and frames up by id. Port; the type is the injection token. */
export abstract class StackDictionary {
  abstract loadStacks(owner: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<LoadedStacks>;
  abstract loadFrames(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows>;
}
