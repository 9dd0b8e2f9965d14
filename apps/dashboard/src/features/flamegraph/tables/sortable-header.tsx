/** Which column a table is ordered by. */
export interface SortState<C extends string> {
  readonly column: C;
  readonly isAscending: boolean;
}

interface SortableHeaderProps<C extends string> {
  readonly column: C;
  readonly label: string;
  readonly sort: SortState<C>;
  readonly onSort: (sort: SortState<C>) => void;
  readonly isNumber?: boolean;
}

/** A column heading that orders the table; numbers start with the largest. */
export function SortableHeader<C extends string>(props: SortableHeaderProps<C>) {
  const { column, label, sort, onSort, isNumber = true } = props;
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
