/** A file of the spool folder. */
export interface SpoolFile {
  readonly name: string;
  readonly bytes: number;
  /** Unix ms. */
  readonly modifiedMs: number;
}

/** A file that is being written from its beginning to its end. */
export interface AppendFile {
  /** Writes all of `bytes` at `position`, or throws. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything that was written survives a power cut. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The folder that the spool owns, and in it the folder of the quarantine. Port. Names are plain file names.
 * `create` and `remove` are as durable as `AppendFile.sync` when they resolve.
 */
export abstract class SpoolFiles {
  /** Throws where the file exists. */
  abstract create(name: string): Promise<AppendFile>;
  abstract list(): Promise<readonly SpoolFile[]>;
  abstract read(name: string): Promise<Buffer>;
  abstract truncate(name: string, bytes: number): Promise<void>;
  /** Does nothing where the file is gone. */
  abstract remove(name: string): Promise<void>;
  /** Writes a file of the quarantine whole and durably, in place of one of that name. */
  abstract setAside(name: string, bytes: Uint8Array): Promise<void>;
  /** Moves a file into the quarantine without reading it; does nothing where it is gone. */
  abstract moveAside(name: string): Promise<void>;
  /** Files of the quarantine. */
  abstract listAside(): Promise<readonly SpoolFile[]>;
  /** Removes a file of the quarantine; does nothing where it is gone. */
  abstract removeAside(name: string): Promise<void>;
  /** Gives the folder up, so that another process may own it. */
  abstract release(): Promise<void>;
}
