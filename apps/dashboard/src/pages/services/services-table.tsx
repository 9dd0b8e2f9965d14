import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { Link } from '@tanstack/react-router';
import { formatAgo } from '../../time/range.ts';
import { Change } from '../../ui/change.tsx';
import type { Level, ServiceRow } from './service-row.ts';
import { Sparkline } from './sparkline.tsx';
import { TableHead } from '../../ui/table.tsx';

const SHOWN_VERSIONS = 3;

function LevelCell({ label, level, unit }: { label: string; level: Level | null; unit: string }) {
  return (
    <td className="number" data-label={label}>
      {level === null ? (
        <span className="muted" title="Not profiled in this range">
          –
        </span>
      ) : (
        <span className="level">
          <span className="level-value">{formatValue(level.now, unit)}</span>
          <Change
            before={level.before}
            now={level.now}
            title={
              level.before === null
                ? 'No profiles in the previous range'
                : `Previous range: ${formatValue(level.before, unit)}`
            }
          />
        </span>
      )}
    </td>
  );
}

function Versions({ versions }: { versions: readonly string[] }) {
  if (versions.length === 0) return <span className="muted">–</span>;
  const hidden = versions.length - SHOWN_VERSIONS;
  return (
    <span className="chips">
      {versions.slice(0, SHOWN_VERSIONS).map((version) => (
        <span key={version} className="chip">
          {visibleText(version)}
        </span>
      ))}
      {hidden > 0 ? (
        <span className="muted" title={visibleText(versions.slice(SHOWN_VERSIONS).join(', '))}>
          +{hidden}
        </span>
      ) : null}
    </span>
  );
}

function Row({ row, trend }: { row: ServiceRow; trend: readonly (number | null)[] | undefined }) {
  return (
    <tr data-testid="service-row">
      <th scope="row">
        <Link to="/services/$service" params={{ service: row.name }} className="row-link">
          {visibleText(row.name)}
        </Link>
      </th>
      <LevelCell label="CPU" level={row.cpu} unit="cores" />
      <td className="trend">{trend ? <Sparkline values={trend} /> : null}</td>
      <LevelCell label="Heap" level={row.heap} unit="bytes" />
      <td data-label="Versions">
        <Versions versions={row.versions} />
      </td>
      <td className="number" data-label="Instances">
        {row.instances}
      </td>
      <td className="number" data-label="Profile types">
        {row.typeCount}
      </td>
      <td className="number" data-label="Last profile">
        {formatAgo(row.lastSeen, Date.now())}
      </td>
    </tr>
  );
}

/** Every service with what it costs; on a narrow screen each row becomes a card. */
export function ServicesTable({
  rows,
  trends,
}: {
  rows: readonly ServiceRow[];
  trends: ReadonlyMap<string, readonly (number | null)[]>;
}) {
  return (
    <div className="table-scroll">
      <table className="cards-when-narrow services-table">
        <TableHead
          columns={[
            'Service',
            { number: 'CPU' },
            { hidden: 'CPU over time' },
            { number: 'Heap' },
            'Versions',
            { number: 'Instances' },
            { number: 'Types' },
            { number: 'Last profile' },
          ]}
        />
        <tbody>
          {rows.map((row) => (
            <Row key={row.name} row={row} trend={trends.get(row.name)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
