import { useState } from 'react';
import { ApiError, apiUrl, callApi } from '../../api/client.ts';
import type { TimeRange } from '../../time/range.ts';

interface ShareMenuProps {
  readonly query: string;
  readonly range: TimeRange;
}

/** Ways to take the profile elsewhere: folded text, pprof, and the command that opens it. */
export function ShareMenu({ query, range }: ShareMenuProps) {
  const [message, setMessage] = useState('');
  const pprof = apiUrl('/profile.pb.gz', { query, ...range });
  const command = `go tool pprof '${new URL(pprof, window.location.href).href}'`;
  const report = (work: Promise<string>): void => {
    work.then(setMessage, (error: unknown) => {
      setMessage(error instanceof Error ? error.message : 'That did not succeed.');
    });
  };
  return (
    <div className="share-menu">
      <button type="button" data-testid="copy-collapsed" onClick={() => report(copyCollapsed(query, range))}>
        Copy as collapsed
      </button>
      <a className="button" href={pprof} download data-testid="open-pprof" title={command}>
        Open in pprof
      </a>
      <button
        type="button"
        title={command}
        onClick={() => report(navigator.clipboard.writeText(command).then(() => 'Command copied'))}
      >
        Copy pprof command
      </button>
      <span className="muted share-message" role="status">
        {message}
      </span>
    </div>
  );
}

/** Copies every stack of the selection, without any cut, and says how many there were. */
async function copyCollapsed(query: string, range: TimeRange): Promise<string> {
  const response = await callApi(apiUrl('/flamegraph', { query, ...range, format: 'collapsed' }));
  const text = await response.text();
  if (text.trim() === '') throw new ApiError('There is nothing to copy.', { status: 200, code: 'empty' });
  await navigator.clipboard.writeText(text);
  return `${text.trimEnd().split('\n').length.toLocaleString('en')} stacks copied`;
}
