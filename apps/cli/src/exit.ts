/** Exit codes of the command line; docs/runbook.md lists them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  invalidSettings: 2,
  locked: 3,
  dataFolder: 4,
  portInUse: 5,
  redisMissing: 6,
  lostStacks: 10,
  killed: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with `exitCode` after showing `message` and, below it, `details`. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  /** Lines shown below the message, such as the last lines of a log. */
  readonly details: readonly string[];

  constructor(exitCode: ExitCode, message: string, details: readonly string[] = []) {
    super(message);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
    this.details = details;
  }
}
