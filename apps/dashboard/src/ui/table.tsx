/** A heading: of text, of numbers, or one that screen readers alone are told. */
type Column = string | { readonly number: string } | { readonly hidden: string };

export function TableHead({ columns }: { columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <ColumnHead key={JSON.stringify(column)} column={column} />
        ))}
      </tr>
    </thead>
  );
}

function ColumnHead({ column }: { column: Column }) {
  if (typeof column === 'string') return <th scope="col">{column}</th>;
  if ('hidden' in column) {
    return (
      <th scope="col">
        <span className="visually-hidden">{column.hidden}</span>
      </th>
    );
  }
  return (
    <th scope="col" className="number">
      {column.number}
    </th>
  );
}
