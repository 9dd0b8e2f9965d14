import { ApiError, type PathOf } from '@everflame/client';
import { EXPORTS, EXPORT_FORMATS, type ExportFormat } from '@everflame/flamegraph';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { TimeRange } from '../../time/range.ts';

interface ShareMenuProps {
  readonly query: string;
  readonly range: TimeRange;
}

/** Ways to take the profile elsewhere: what the table of exports offers. */
export function ShareMenu({ query, range }: ShareMenuProps) {
  const [message, setMessage] = useState('');
  const report = (work: Promise<string>): void => {
    work.then(setMessage, (error: unknown) => {
      setMessage(error instanceof Error ? error.message : 'That did not succeed.');
    });
  };
  return (
    <div className="row">
      {EXPORT_FORMATS.map((format) => (
        <ExportOffer key={format} format={format} query={query} range={range} report={report} />
      ))}
      <span className="muted share-message" role="status">
        {message}
      </span>
    </div>
  );
}

interface ExportOfferProps extends ShareMenuProps {
  readonly format: ExportFormat;
  readonly report: (work: Promise<string>) => void;
}

function ExportOffer({ format, query, range, report }: ExportOfferProps) {
  const { share } = EXPORTS[format];
  if (share === undefined) return null;
  const testId = `${share.by}-${format}`;
  if (share.by === 'copy') {
    return (
      <button
        type="button"
        data-testid={testId}
        onClick={() => report(copyText(api.fetch('flamegraph', { query, ...range, format })))}
      >
        {share.label}
      </button>
    );
  }
  const { tool, path = 'flamegraph' } = share;
  const url = api.url(path as PathOf<'get'>, {
    query,
    ...range,
    ...(share.path === undefined && { format }),
  });
  const command = tool && `${tool.command} '${new URL(url, window.location.href).href}'`;
  return (
    <>
      <a className="button" href={url} download data-testid={testId} title={command}>
        {share.label}
      </a>
      {tool && command && (
        <button
          type="button"
          title={command}
          onClick={() => report(navigator.clipboard.writeText(command).then(() => 'Command copied'))}
        >
          {tool.label}
        </button>
      )}
    </>
  );
}

/** Copies every stack of the selection, without any cut, and says how many there were. */
async function copyText(answer: Promise<Response>): Promise<string> {
  const text = await (await answer).text();
  if (text.trim() === '') throw new ApiError('There is nothing to copy.', { status: 200, code: 'empty' });
  await navigator.clipboard.writeText(text);
  return `${text.trimEnd().split('\n').length.toLocaleString('en')} stacks copied`;
}
