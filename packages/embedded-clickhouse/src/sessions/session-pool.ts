import { randomUUID } from 'node:crypto';
import { Session } from 'chdb';
import { engineArguments } from './engine-profile.ts';
import { ClickHouseException, refuse, toClickHouseException } from '../exception.ts';
import { refusedCalls } from '../statements/refused-calls.ts';
import {
  applyStatement,
  baseSettingsStatement,
  type KeptSettings,
  quotedIdentifier,
  resetStatement,
  stringLiteral,
  type SessionSettings,
} from './session-settings.ts';

/** One statement with everything that must hold while it runs. */
export interface StatementRun {
  readonly sql: string;
  /** Output format where the statement names none. */
  readonly defaultFormat: string;
  readonly database: string;
  readonly session: SessionSettings;
  /** Aborting takes a waiting statement out of the queue, and ends a running one that is stoppable. */
  readonly signal?: AbortSignal | undefined;
  readonly isStoppable?: boolean;
}

export interface StatementResult {
  readonly bytes: Buffer;
  /** Rows of the result, or rows read from the file by an insert. */
  readonly rows: number;
  readonly bytesRead: number;
  readonly elapsedSeconds: number;
}

type QueryResult = Awaited<ReturnType<Session['queryAsync']>>;

const STOP_AGAIN_MS = 100;

/** What a statement wrote before it failed comes out in front of the session's next answer; this one takes it. */
const DISCARD = 'SELECT 1';

interface Slot {
  session: Session;
  database: string;
  /** Set by a former request and still in effect. */
  kept: KeptSettings;
}

/** The database of a request that names none; it exists in every data directory and is kept on disk. */
export const defaultDatabase = 'default';

/**
 * A fixed number of engine sessions on one data directory. A session runs one statement at a time; statements beyond
 * that wait in order, at most `maxQueued` of them.
 */
export class SessionPool {
  readonly #newSession: () => Session;
  readonly #maxQueued: number;
  readonly #idle: Slot[] = [];
  /** Start the statements that wait. */
  readonly #queue: ((slot: Slot) => void)[] = [];
  readonly #size: number;
  readonly #idleWaiters: (() => void)[] = [];
  /** Stops what runs in the others. */
  readonly #stopper: Session;
  /** Is asked whether the engine still answers, whatever runs in the others. */
  readonly #pulse: Session;
  #beat: Promise<void> | undefined;
  #isClosing = false;
  #refusedCalls: ReadonlySet<string> = new Set();

  private constructor(dataDir: string, size: number, maxQueued: number) {
    const connectionArgs = engineArguments(dataDir);
    this.#newSession = () => new Session(dataDir, { connectionArgs });
    this.#size = size;
    this.#maxQueued = maxQueued;
    this.#stopper = this.#newSession();
    this.#pulse = this.#newSession();
  }

  /** Opens the sessions; throws where the engine cannot open the directory, such as when another process has it. */
  static async open(dataDir: string, sessions: number, maxQueued: number): Promise<SessionPool> {
    const pool = new SessionPool(dataDir, sessions, maxQueued);
    for (let opened = 0; opened < sessions; opened++) pool.#idle.push(await pool.#openSlot());
    const names = await pool.#stopper.queryAsync('SELECT name FROM system.table_functions', {
      format: 'TSV',
    });
    pool.#refusedCalls = refusedCalls(Buffer.from(names.bytes()).toString('utf8').trimEnd().split('\n'));
    return pool;
  }

  /** What statements must not call in this engine. */
  get refusedCalls(): ReadonlySet<string> {
    return this.#refusedCalls;
  }

  /** Sessions that run a statement now. */
  get busy(): number {
    return this.#size - this.#idle.length;
  }

  /** Statements that wait for a session. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Runs one statement; throws ClickHouseException for what the engine refuses, a full queue, and a closing pool. */
  async run(run: StatementRun): Promise<StatementResult> {
    const slot = await this.#acquire(run.database, run.signal);
    // The engine gives statements ids of its own, so a setting has to tell which one is to be stopped.
    const mark = run.isStoppable === true && run.signal !== undefined ? randomUUID() : '';
    const session = mark === '' ? run.session : marked(run.session, mark);
    let hasFailed = true;
    try {
      const result = await this.#execute(slot, { ...run, session }, mark);
      const bytes = result.bytes();
      hasFailed = false;
      return {
        bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        rows: result.rowsRead,
        bytesRead: result.bytesRead,
        elapsedSeconds: result.elapsed,
      };
    } catch (error) {
      throw toClickHouseException(error);
    } finally {
      void this.#tidyUp(slot, session, hasFailed);
    }
  }

  /** Resolves when the engine answers, however long that takes it; all who ask meanwhile share one question. */
  async answers(): Promise<void> {
    this.#beat ??= this.#pulse
      .queryAsync('SELECT 1')
      .then(() => undefined)
      .finally(() => {
        this.#beat = undefined;
      });
    return this.#beat;
  }

  /** Lets running and waiting statements finish, then closes the sessions. New statements are refused at once. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.busy > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    for (const slot of this.#idle.splice(0)) slot.session.close();
    this.#stopper.close();
    await this.#beat?.catch(() => undefined);
    this.#pulse.close();
  }

  /** Runs everything in one go: a round trip to the engine costs more than what is set. */
  async #execute(
    slot: Slot,
    { sql, defaultFormat, database, session, signal }: StatementRun,
    mark: string,
  ): Promise<QueryResult> {
    const statements = [...useStatement(slot, database), applyStatement(session, slot.kept) ?? '', sql];
    slot.database = database;
    const text = statements.filter((statement) => statement !== '').join(';\n');
    const running = slot.session.queryAsync(text, { format: defaultFormat });
    if (signal === undefined || mark === '') return running;
    return running.finally(this.#stopOnAbort(mark, signal));
  }

  /** Ends the statement with that mark once the signal is aborted, until the returned function is called. */
  #stopOnAbort(mark: string, signal: AbortSignal): () => void {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      const statement = `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(mark)} ASYNC`;
      this.#stopper.queryAsync(statement).catch(() => undefined);
      // Again for a statement that the engine had not begun.
      timer = setTimeout(stop, STOP_AGAIN_MS);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
  }

  async #openSlot(): Promise<Slot> {
    const session = this.#newSession();
    await session.queryAsync(baseSettingsStatement());
    return { session, database: defaultDatabase, kept: new Map() };
  }

  async #acquire(database: string, signal: AbortSignal | undefined): Promise<Slot> {
    if (this.#isClosing) throw refuse('ABORTED', 'The server is shutting down.', 503);
    const index = this.#idle.findLastIndex((slot) => slot.database === database);
    const [idle] = this.#idle.splice(index, 1);
    if (idle !== undefined) return idle;
    if (this.#queue.length >= this.#maxQueued) {
      throw refuse(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${this.busy} run and ${this.#queue.length} wait. Maximum: ${this.#maxQueued} waiting.`,
        503,
      );
    }
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const onAbort = (): void => {
        const index = this.#queue.indexOf(start);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(clientGone());
      };
      const start = (slot: Slot): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve(slot);
      };
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(start);
    });
  }

  /** Leaves the session as the next request may find it, and gives it back. */
  async #tidyUp(slot: Slot, session: SessionSettings, hasFailed: boolean): Promise<void> {
    try {
      if (hasFailed) {
        await slot.session.queryAsync(DISCARD);
        // Which of them took effect is not known.
        const back = applyStatement(
          { settings: new Map(), parameters: new Map() },
          new Map([...slot.kept, ...session.settings]),
        );
        if (back !== undefined) await slot.session.queryAsync(back);
      }
      const { statement, kept } = resetStatement(hasFailed ? { ...session, settings: new Map() } : session);
      if (statement !== undefined) await slot.session.queryAsync(statement);
      slot.kept = kept;
    } catch {
      await this.#replace(slot);
    }
    this.#giveBack(slot);
  }

  #giveBack(slot: Slot): void {
    const next = this.#queue.shift();
    if (next !== undefined) {
      next(slot);
      return;
    }
    this.#idle.push(slot);
    if (this.busy === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** A session whose settings cannot be taken back (after `readonly=1`, say) must not serve another request. */
  async #replace(slot: Slot): Promise<void> {
    slot.session.close();
    try {
      Object.assign(slot, await this.#openSlot());
    } catch (error) {
      // The slot stays in the pool with its closed session: its statements fail visibly instead of running wrongly.
      if (error instanceof ClickHouseException) return;
    }
  }
}

/** Also where it is the current one already: it may have been dropped since, and that must be an error. */
function useStatement(slot: Slot, database: string): string[] {
  const isDefault = database === defaultDatabase && slot.database === defaultDatabase;
  return isDefault ? [] : [`USE ${quotedIdentifier(database)}`];
}

function marked({ settings, parameters }: SessionSettings, mark: string): SessionSettings {
  return { settings: new Map([...settings, ['log_comment', mark]]), parameters };
}

function clientGone(): ClickHouseException {
  return refuse('ABORTED', 'The client went away before its statement started.');
}
