const MIB = 1024 * 1024;

/** What becomes of a profile, stream or connection over a limit. */
type Consequence = 'refused' | 'cut' | 'folded' | 'closed';

interface LimitSetting {
  /** Environment variable. */
  readonly variable: string;
  readonly fallback: number;
  /** The code of the refusal, or the reason it is counted under. */
  readonly code: string;
  readonly consequence: Consequence;
}

/**
 * Every limit of a tenant or a door. The names of the settings are those of the codes; docs/operations.md lists them,
 * docs/api.md the codes.
 */
export const LIMITS = {
  compressedBytes: refused('COMPRESSED_BYTES', 16 * MIB),
  decompressedBytes: refused('DECOMPRESSED_BYTES', 64 * MIB),
  samples: refused('SAMPLES', 1_000_000),
  stacks: refused('STACKS', 500_000),
  depth: { ...refused('DEPTH', 1024), consequence: 'cut' },
  stringBytes: { ...refused('STRING_BYTES', 65_535), consequence: 'cut' },
  labels: refused('LABELS', 30),
  labelNameLength: refused('LABEL_NAME_LENGTH', 128),
  labelValueLength: refused('LABEL_VALUE_LENGTH', 1024),
  series: refused('SERIES', 200_000),
  sampleLabelSets: { ...refused('SAMPLE_LABEL_SETS', 1000), consequence: 'folded' },
  rateBytes: refused('RATE_BYTES', 64 * MIB),
  burstBytes: { ...refused('BURST_BYTES', 256 * MIB), code: 'limit_rate_bytes' },
  streams: refused('STREAMS', 64),
  receivingBytes: { ...refused('RECEIVING_BYTES', 256 * MIB), consequence: 'closed' },
  connections: refused('CONNECTIONS', 1024),
  connectionsPerAddress: refused('CONNECTIONS_PER_ADDRESS', 512),
} as const satisfies Readonly<Record<string, LimitSetting>>;

/** The value of every limit. */
export type IngestLimits = { readonly [Name in keyof typeof LIMITS]: number };

/** The limits with the values that `valueOf` gives them. */
export function mapLimits(valueOf: (setting: LimitSetting) => number): IngestLimits {
  const values = Object.entries(LIMITS).map(([name, setting]) => [name, valueOf(setting)]);
  return Object.fromEntries(values) as IngestLimits;
}

/** The defaults, with some of them replaced. */
export function limitsOf(changed: Partial<IngestLimits> = {}): IngestLimits {
  return { ...mapLimits(({ fallback }) => fallback), ...changed };
}

function refused(name: string, fallback: number): LimitSetting & { readonly consequence: 'refused' } {
  return {
    variable: `INGEST_LIMIT_${name}`,
    fallback,
    code: `limit_${name.toLowerCase()}`,
    consequence: 'refused',
  };
}
