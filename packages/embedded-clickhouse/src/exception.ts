/** Codes of ClickHouse that this server raises itself; the engine's own arrive with its messages. */
const ownCodes = {
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  READONLY: 164,
  UNKNOWN_TYPE_OF_QUERY: 78,
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  ABORTED: 236,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  SUPPORT_IS_DISABLED: 344,
  INCORRECT_DATA: 117,
  LIMIT_EXCEEDED: 290,
  UNKNOWN_QUERY_PARAMETER: 456,
  STD_EXCEPTION: 1001,
} as const;

type OwnCode = keyof typeof ownCodes;

const statusByCode = new Map<number, number>([
  ...[6, 25, 26, 27, 36, 38, 41, 43, 53, 62, 72, 117, 168, 321, 456].map((code) => [code, 400] as const),
  ...[46, 47, 50, 56, 60, 63, 73, 78, 81, 115].map((code) => [code, 404] as const),
  ...[164, 497, 516].map((code) => [code, 403] as const),
  [159, 408],
  [48, 501],
]);

/** A refused or failed statement, in the form every ClickHouse client parses: `Code: N. DB::Exception: text (NAME)`. */
export class ClickHouseException extends Error {
  readonly clickhouseCode: number;
  readonly status: number;

  constructor(clickhouseCode: number, message: string, status?: number) {
    super(message);
    this.name = 'ClickHouseException';
    this.clickhouseCode = clickhouseCode;
    this.status = status ?? statusByCode.get(clickhouseCode) ?? 500;
  }
}

/** An exception of this server, as opposed to one of the engine. */
export function refuse(code: OwnCode, text: string, status?: number): ClickHouseException {
  const message = `Code: ${ownCodes[code]}. DB::Exception: ${text} (${code})`;
  return new ClickHouseException(ownCodes[code], message, status);
}

/** The engine's error as an exception; its message already has the `Code: N. DB::Exception: …` form. */
export function toClickHouseException(error: unknown): ClickHouseException {
  if (error instanceof ClickHouseException) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = /^Code: (\d+)\./.exec(message)?.[1];
  if (code !== undefined) return new ClickHouseException(Number(code), message);
  return refuse('STD_EXCEPTION', message);
}
