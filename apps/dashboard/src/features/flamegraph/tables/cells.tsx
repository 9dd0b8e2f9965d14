import { shortName } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';

interface FunctionNameProps {
  readonly row: { readonly name: string; readonly file: string };
  readonly onClick: () => void;
}

/** A function by its short name; the whole name and the file are told on hovering. */
export function FunctionName({ row: { name, file }, onClick }: FunctionNameProps) {
  const title = visibleText(name) + (file === '' ? '' : `\n${visibleText(file)}`);
  return (
    <button type="button" className="function-name mono" title={title} onClick={onClick}>
      {visibleText(shortName(name))}
    </button>
  );
}

/** A bar of so many percent of the cell. */
export function ValueBar({ share, direction }: { share: number; direction?: 'worse' | 'better' }) {
  const style = { inlineSize: `${share}%` };
  return <span className="bar" data-direction={direction} style={style} aria-hidden="true" />;
}

interface TableFooterProps {
  readonly shown: number;
  readonly rows: number;
  readonly note?: string;
  readonly onMore: () => void;
}

/** How much of a table is shown, and the way to more. */
export function TableFooter({ shown, rows, note, onMore }: TableFooterProps) {
  return (
    <p className="table-footer muted">
      {shown} of {rows} functions{note}
      {shown < rows ? (
        <button type="button" onClick={onMore}>
          Show more
        </button>
      ) : null}
    </p>
  );
}
