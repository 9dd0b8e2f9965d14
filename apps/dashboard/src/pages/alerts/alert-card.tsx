import type { Alert } from '@everflame/contract';
import { formatValue, shortName } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { Link, useRouter } from '@tanstack/react-router';
import { formatAgo, formatInstant } from '../../time/range.ts';
import { formatChange, formatDelta } from '../../ui/change.tsx';
import { TableHead } from '../../ui/table.tsx';
import { labelChips } from '../../ui/labels.tsx';

const SHOWN_FUNCTIONS = 5;

/** One alert: what grew, since when, and by which functions. */
export function AlertCard({ alert }: { alert: Alert }) {
  return (
    <article className="panel stack alert" data-testid="alert-row" data-state={alert.state}>
      <header className="row card-head">
        <span className="state-badge" data-state={alert.state}>
          {alert.state}
        </span>
        <h3>{visibleText(alert.ruleName)}</h3>
        <span className="chips">{labelChips(Object.entries(alert.labels))}</span>
        <DiffLink url={alert.diffUrl} />
      </header>
      <p className="alert-growth">
        <strong>{formatValue(alert.valueBefore, alert.unit)}</strong> →{' '}
        <strong>{formatValue(alert.valueNow, alert.unit)}</strong>{' '}
        <span className="change" data-direction={alert.valueNow > alert.valueBefore ? 'worse' : 'better'}>
          {formatChange(alert.valueBefore, alert.valueNow)}
        </span>{' '}
        <span className="muted">
          {formatDelta(alert.growthPerHour, alert.unit)} per hour ·{' '}
          {visibleText(alert.type.split(':').slice(0, 2).join(' · '))}
        </span>
      </p>
      <p className="muted">
        Growing since {formatInstant(alert.since)} ({formatAgo(alert.since, Date.now())})
        {alert.firedAt === null ? '' : ` · fired ${formatInstant(alert.firedAt)}`}
        {alert.resolvedAt === null ? '' : ` · resolved ${formatInstant(alert.resolvedAt)}`}
      </p>
      {alert.lastNotificationError === null ? null : (
        <p className="notice">The last notification failed: {visibleText(alert.lastNotificationError)}</p>
      )}
      <GrownFunctions alert={alert} />
    </article>
  );
}

/** The alerter hands out an address of this dashboard; one on this origin is opened without a reload. */
function DiffLink({ url }: { url: string }) {
  const router = useRouter();
  const target = new URL(url, window.location.href);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') return null;
  const isOurs = target.origin === window.location.origin || target.pathname === '/compare';
  if (!isOurs) {
    return (
      <a className="button" href={target.href}>
        Open the diff
      </a>
    );
  }
  return (
    <Link
      className="button"
      to={target.pathname}
      search={() => router.options.parseSearch?.(target.search) ?? {}}
    >
      Open the diff
    </Link>
  );
}

function GrownFunctions({ alert }: { alert: Alert }) {
  if (alert.grownFunctions.length === 0) return null;
  return (
    <div className="table-scroll">
      <table className="grown">
        <caption className="visually-hidden">Functions that grew most</caption>
        <TableHead
          columns={['Grew most when it fired', { number: 'Before' }, { number: 'Now' }, { number: 'Growth' }]}
        />
        <tbody>
          {alert.grownFunctions.slice(0, SHOWN_FUNCTIONS).map((row) => (
            <tr key={`${row.name} ${row.file}`}>
              <th scope="row" className="mono" title={`${visibleText(row.name)}\n${visibleText(row.file)}`}>
                {visibleText(shortName(row.name))}
              </th>
              <td className="number">{formatValue(row.before, alert.unit)}</td>
              <td className="number">{formatValue(row.after, alert.unit)}</td>
              <td className="number">{formatDelta(row.after - row.before, alert.unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
