import type { TopResponse } from '@everflame/contract';
import { formatValue, shortName } from '@everflame/flamegraph';
import { useMemo, useState } from 'react';
import { EmptyState } from '../../../ui/states.tsx';
import { formatShare } from '../scene/node-facts.ts';
import { FunctionName, TableFooter, ValueBar } from './cells.tsx';
import { filterByName } from '../workspace/use-search.ts';

type TopFunction = TopResponse['functions'][number];
type Column = 'name' | 'self' | 'total';

/** Which column the table is ordered by. */
interface Sort {
  readonly column: Column;
  readonly isAscending: boolean;
}

const FIRST_ROWS = 100;

interface TopTableProps {
  readonly top: TopResponse;
  /** Search text; the table shows what matches. */
  readonly filter: string;
  readonly onPick: (name: string) => void;
}

/** Functions with their exact values: the full equivalent of the picture. */
export function TopTable({ top, filter, onPick }: TopTableProps) {
  const [sort, setSort] = useState<Sort>({ column: 'self', isAscending: false });
  const [limit, setLimit] = useState(FIRST_ROWS);
  const rows = useMemo(
    () => filterByName(top.functions, filter).toSorted(comparer(sort)),
    [top.functions, filter, sort],
  );
  const left = top.functionCount - top.functions.length;
  if (top.functions.length === 0) return <EmptyState title="No functions in this range" />;
  return (
    <div className="table-scroll ranked top-table" data-testid="top-table">
      <table>
        <caption className="visually-hidden">Functions by self and total value</caption>
        <thead>
          <tr>
            <SortableHeader column="name" label="Function" sort={sort} onSort={setSort} />
            <SortableHeader column="self" label="Self" sort={sort} onSort={setSort} />
            <SortableHeader column="total" label="Total" sort={sort} onSort={setSort} />
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, limit).map((row) => (
            <Row key={row.name} row={row} top={top} isPicked={filter === row.name} onPick={onPick} />
          ))}
        </tbody>
      </table>
      <TableFooter
        shown={Math.min(limit, rows.length)}
        rows={rows.length}
        note={left > 0 ? `, ${left.toLocaleString('en')} smaller ones are not in the list` : ''}
        onMore={() => setLimit(limit * 4)}
      />
    </div>
  );
}

interface RowProps {
  readonly row: TopFunction;
  readonly top: TopResponse;
  readonly isPicked: boolean;
  readonly onPick: (name: string) => void;
}

function Row({ row, top, isPicked, onPick }: RowProps) {
  return (
    <tr data-picked={isPicked || undefined}>
      <th scope="row">
        <FunctionName row={row} onClick={() => onPick(isPicked ? '' : row.name)} />
      </th>
      <ValueCell value={row.self} whole={top.left.total} unit={top.unit} />
      <ValueCell value={row.total} whole={top.left.total} unit={top.unit} />
    </tr>
  );
}

function ValueCell({ value, whole, unit }: { value: number; whole: number; unit: string }) {
  const share = whole === 0 ? 0 : Math.min(100, (100 * value) / whole);
  return (
    <td className="number value-cell">
      <ValueBar share={share} />
      <span className="value">{formatValue(value, unit)}</span>{' '}
      <span className="share">{formatShare(value, whole)}</span>
    </td>
  );
}

interface SortableHeaderProps {
  readonly column: Column;
  readonly label: string;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** A column heading that orders the table; numbers start with the largest. */
function SortableHeader({ column, label, sort, onSort }: SortableHeaderProps) {
  const isNumber = column !== 'name';
  const isActive = sort.column === column;
  const isAscending = isActive ? !sort.isAscending : !isNumber;
  return (
    <th
      scope="col"
      className={isNumber ? 'number' : undefined}
      aria-sort={isActive ? (sort.isAscending ? 'ascending' : 'descending') : 'none'}
    >
      <button type="button" className="sort-button" onClick={() => onSort({ column, isAscending })}>
        {label}
        <span aria-hidden="true" className="sort-sign">
          {isActive ? (sort.isAscending ? '▲' : '▼') : ''}
        </span>
      </button>
    </th>
  );
}

function comparer(sort: Sort): (a: TopFunction, b: TopFunction) => number {
  const sign = sort.isAscending ? 1 : -1;
  if (sort.column === 'name') return (a, b) => sign * shortName(a.name).localeCompare(shortName(b.name));
  const { column } = sort;
  return (a, b) => sign * (a[column] - b[column]) || a.name.localeCompare(b.name);
}
