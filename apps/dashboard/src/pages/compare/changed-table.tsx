import type { TopResponse } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { useMemo, useState } from 'react';
import { Change, formatDelta } from '../../ui/change.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { FunctionName, TableFooter, ValueBar } from '../../features/flamegraph/tables/cells.tsx';
import { filterByName } from '../../features/flamegraph/workspace/use-search.ts';
import { TableHead } from '../../ui/table.tsx';
import { SelectField } from '../../ui/controls.tsx';

const FIRST_ROWS = 50;
const MEASURES = [
  ['self', 'self'],
  ['total', 'total'],
] as const;

/** One function on both sides of a comparison. */
type ChangedFunction = ReturnType<typeof changedFunctions>[number];

/** Which value of a function is compared. */
type Measure = 'self' | 'total';

interface ChangedTableProps {
  readonly top: TopResponse;
  readonly filter: string;
  readonly onPick: (name: string) => void;
}

/** What changed, ranked: the equivalent of the diff flame graph in numbers. */
export function ChangedTable({ top, filter, onPick }: ChangedTableProps) {
  const [measure, setMeasure] = useState<Measure>('self');
  const [limit, setLimit] = useState(FIRST_ROWS);
  const changed = useMemo(() => changedFunctions(top, measure), [top, measure]);
  const rows = useMemo(() => filterByName(changed, filter), [changed, filter]);
  const largest = Math.max(0, ...changed.slice(0, 1).map((row) => Math.abs(row.delta)));
  return (
    <div className="changed" data-testid="changed-table">
      <div className="changed-head">
        <h2>
          What changed
          {top.unit === 'cores' ? <span className="muted heading-unit"> in cores</span> : null}
        </h2>
        <SelectField label="by" value={measure} options={MEASURES} onChange={setMeasure} />
      </div>
      {rows.length === 0 ? (
        <EmptyState
          title={changed.length === 0 ? 'No function changed' : 'No changed function matches the search'}
        />
      ) : (
        <div className="table-scroll ranked">
          <ChangedRows rows={rows.slice(0, limit)} unit={top.unit} largest={largest} onPick={onPick} />
          {limit < rows.length ? (
            <TableFooter shown={limit} rows={rows.length} onMore={() => setLimit(limit * 4)} />
          ) : null}
        </div>
      )}
    </div>
  );
}

interface ChangedRowsProps {
  readonly rows: readonly ChangedFunction[];
  readonly unit: string;
  readonly largest: number;
  readonly onPick: (name: string) => void;
}

function ChangedRows({ rows, unit, largest, onPick }: ChangedRowsProps) {
  return (
    <table>
      <caption className="visually-hidden">Functions by change</caption>
      <TableHead columns={['Function', { number: 'Before' }, { number: 'After' }, { number: 'Change' }]} />
      <tbody>
        {rows.map((row) => (
          <ChangedRow key={row.name} row={row} unit={unit} largest={largest} onPick={onPick} />
        ))}
      </tbody>
    </table>
  );
}

/** Cores are named in the heading: the word in every cell would leave no room for the function. */
function cellUnit(unit: string): string {
  return unit === 'cores' ? '' : unit;
}

interface ChangedRowProps extends Omit<ChangedRowsProps, 'rows'> {
  readonly row: ChangedFunction;
}

function ChangedRow({ row, unit, largest, onPick }: ChangedRowProps) {
  const isOneSided = row.state === 'new' || row.state === 'gone';
  return (
    <tr data-change={row.state}>
      <th scope="row">
        <div className="named">
          <FunctionName row={row} onClick={() => onPick(row.name)} />
          {isOneSided ? <span className="tag">{row.state}</span> : null}
        </div>
      </th>
      <td className="number">{row.state === 'new' ? '–' : formatValue(row.before, cellUnit(unit))}</td>
      <td className="number">{row.state === 'gone' ? '–' : formatValue(row.after, cellUnit(unit))}</td>
      <DeltaCell row={row} unit={unit} largest={largest} />
    </tr>
  );
}

function DeltaCell({ row, unit, largest }: { row: ChangedFunction; unit: string; largest: number }) {
  const share = largest === 0 ? 0 : (100 * Math.abs(row.delta)) / largest;
  return (
    <td className="number value-cell">
      <ValueBar share={share} direction={row.delta > 0 ? 'worse' : 'better'} />
      <span className="value">{formatDelta(row.delta, cellUnit(unit))}</span>{' '}
      {row.before === 0 || row.after === 0 ? null : <Change before={row.before} now={row.after} />}
    </td>
  );
}

/** Functions by the size of their change, largest first, in either direction. */
function changedFunctions(top: TopResponse, measure: Measure) {
  return top.functions
    .map((row) => {
      const before = row[measure];
      const after = (measure === 'self' ? row.selfRight : row.totalRight) ?? 0;
      return {
        name: row.name,
        file: row.file,
        before,
        after,
        delta: after - before,
        state: stateOf(row, before, after),
      };
    })
    .filter((row) => row.delta !== 0)
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta) || a.name.localeCompare(b.name));
}

function stateOf(row: TopResponse['functions'][number], before: number, after: number) {
  if (row.total === 0 && (row.totalRight ?? 0) !== 0) return 'new';
  if (row.total !== 0 && (row.totalRight ?? 0) === 0) return 'gone';
  if (after === before) return 'same';
  return after > before ? 'grew' : 'shrank';
}
