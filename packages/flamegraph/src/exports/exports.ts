import type { Stacks, StackSet } from '../stack-set.ts';
import { collapsedChunks } from './collapsed.ts';
import type { ExportSubject, MeasuredFrames } from './export-subject.ts';
import { pprofChunks } from './pprof.ts';
import { speedscopeChunks } from './speedscope.ts';

/** How an export is sent and offered. */
interface ExportFacts {
  readonly mediaType: string;
  readonly fileName: string;
  /** Whether a browser stores the file instead of showing it. */
  readonly isDownload: boolean;
  /** Whether the file itself is compressed, however it is sent. */
  readonly isGzipped?: boolean;
  /** Whether a file of no profiles is of no use to whoever reads it. */
  readonly needsProfiles?: boolean;
  /** How the dashboard offers it; absent where it does not. */
  readonly share?: {
    readonly label: string;
    /** `copy` puts the text into the clipboard, `open` links to the file. */
    readonly by: 'copy' | 'open';
    /** The call of the API that answers the file under its own name, so that a tool takes its address. */
    readonly path?: string;
    /** The tool that opens the address. */
    readonly tool?: { readonly label: string; readonly command: string };
  };
}

/** An export of the stacks as a request sees them: grouped, filtered, inverted, or two sides of a diff. */
interface ShownExport extends ExportFacts {
  readonly takes: 'shown';
  readonly chunks: (stacks: StackSet, subject: ExportSubject) => Iterable<string | Uint8Array>;
}

/** An export of the stacks that the filters leave, by the frames that were measured; there is none of a diff. */
interface MeasuredExport extends ExportFacts {
  readonly takes: 'measured';
  readonly chunks: (stacks: Stacks<MeasuredFrames>, subject: ExportSubject) => Iterable<string | Uint8Array>;
}

const TABLE = {
  collapsed: {
    mediaType: 'text/plain; charset=utf-8',
    fileName: 'stacks.folded.txt',
    isDownload: false,
    share: { label: 'Copy as collapsed', by: 'copy' },
    takes: 'shown',
    chunks: collapsedChunks,
  },
  pprof: {
    mediaType: 'application/octet-stream',
    fileName: 'profile.pb.gz',
    isDownload: true,
    isGzipped: true,
    needsProfiles: true,
    share: {
      label: 'Open in pprof',
      by: 'open',
      path: 'profile.pb.gz',
      tool: { label: 'Copy pprof command', command: 'go tool pprof' },
    },
    takes: 'measured',
    chunks: pprofChunks,
  },
  speedscope: {
    mediaType: 'application/json; charset=utf-8',
    fileName: 'profile.speedscope.json',
    isDownload: true,
    takes: 'shown',
    chunks: speedscopeChunks,
  },
} as const satisfies Readonly<Record<string, ShownExport | MeasuredExport>>;

export type ExportFormat = keyof typeof TABLE;

/** Formats that a diff can be exported in. */
export type DiffExportFormat = {
  [Format in ExportFormat]: (typeof TABLE)[Format]['takes'] extends 'shown' ? Format : never;
}[ExportFormat];

/**
 * Every format that stacks can be exported in, whole and without any cut. The API's schemas and media types and the
 * dashboard's offers follow from this table.
 */
export const EXPORTS: {
  readonly [Format in ExportFormat]: Format extends DiffExportFormat ? ShownExport : MeasuredExport;
} = TABLE;

export const EXPORT_FORMATS = Object.keys(EXPORTS) as readonly ExportFormat[];

export const DIFF_EXPORT_FORMATS = EXPORT_FORMATS.filter(
  (format): format is DiffExportFormat => EXPORTS[format].takes === 'shown',
);
