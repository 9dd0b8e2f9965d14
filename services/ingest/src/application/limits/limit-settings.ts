const MIB = 1024 * 1024;

/** What becomes of a profile, stream or connection over a limit. */
type Consequence = 'refused' | 'cut' | 'folded' | 'closed';

/**
 * Who is given the limit: those who flatten, as a part of their settings under the same name (`FlattenSettings`); the
 * budget of series; those who let a profile in before any work is done on it; or the transports.
 */
type Target = 'flatten' | 'series' | 'receive' | 'transport';

type LimitSetting = Readonly<ReturnType<typeof limit<Target>>>;

/**
 * Every limit. A new one is a row here, and the check where its target does its work: configuration, types and what
 * travels to the target follow. The names of the settings are those of the codes; docs/settings.md lists them, docs/api.md the codes.
 */
export const LIMITS = {
  compressedBytes: limit('receive', 'COMPRESSED_BYTES', 16 * MIB),
  decompressedBytes: limit('flatten', 'DECOMPRESSED_BYTES', 64 * MIB),
  samples: limit('flatten', 'SAMPLES', 1_000_000),
  stacks: limit('flatten', 'STACKS', 500_000),
  depth: { ...limit('flatten', 'DEPTH', 1024), consequence: 'cut' },
  stringBytes: { ...limit('flatten', 'STRING_BYTES', 65_535), consequence: 'cut' },
  labels: limit('receive', 'LABELS', 30),
  labelNameLength: limit('receive', 'LABEL_NAME_LENGTH', 128),
  labelValueLength: limit('receive', 'LABEL_VALUE_LENGTH', 1024),
  series: limit('series', 'SERIES', 200_000),
  sampleLabelSets: { ...limit('series', 'SAMPLE_LABEL_SETS', 1000), consequence: 'folded' },
  rateBytes: limit('receive', 'RATE_BYTES', 64 * MIB),
  burstBytes: { ...limit('receive', 'BURST_BYTES', 256 * MIB), code: 'limit_rate_bytes' },
  streams: limit('transport', 'STREAMS', 64),
  receivingBytes: { ...limit('transport', 'RECEIVING_BYTES', 256 * MIB), consequence: 'closed' },
  connections: limit('transport', 'CONNECTIONS', 1024),
  connectionsPerAddress: limit('transport', 'CONNECTIONS_PER_ADDRESS', 512),
} as const satisfies Readonly<Record<string, LimitSetting>>;

type LimitName = keyof typeof LIMITS;

/** The value of every limit. */
export type IngestLimits = { readonly [Name in LimitName]: number };

/** The values of the limits with this target. */
export type LimitsOf<T extends Target> = {
  readonly [Name in LimitName as (typeof LIMITS)[Name]['target'] extends T ? Name : never]: number;
};

/** The limits with the values that `valueOf` gives them. */
export function mapLimits(valueOf: (setting: LimitSetting) => number): IngestLimits {
  const values = Object.entries(LIMITS).map(([name, setting]) => [name, valueOf(setting)]);
  return Object.fromEntries(values) as IngestLimits;
}

/** The defaults, with some of them replaced. */
export function limitsOf(changed: Partial<IngestLimits> = {}): IngestLimits {
  return { ...mapLimits(({ fallback }) => fallback), ...changed };
}

/** Picks the limits with this target. */
export function limitsFor<T extends Target>(target: T, limits: IngestLimits): LimitsOf<T> {
  const names = (Object.keys(LIMITS) as LimitName[]).filter((name) => LIMITS[name].target === target);
  return Object.fromEntries(names.map((name) => [name, limits[name]])) as LimitsOf<T>;
}

function limit<T extends Target>(target: T, name: string, fallback: number) {
  return {
    /** Environment variable. */
    variable: `INGEST_LIMIT_${name}`,
    fallback,
    /** The code of the refusal, or the reason it is counted under. */
    code: `limit_${name.toLowerCase()}`,
    consequence: 'refused' as Consequence,
    target,
  };
}
