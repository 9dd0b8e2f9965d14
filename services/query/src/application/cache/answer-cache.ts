/** Bytes of answers that may be asked for again. Port; the type is the injection token. Nothing here fails. */
export abstract class AnswerCache {
  /** Undefined where there is none, or it cannot be read now. */
  abstract get(key: string): Promise<Buffer | undefined>;
  /** Stores the bytes if it can, for as long as there is room. */
  abstract put(key: string, bytes: Buffer): Promise<void>;
}
