import { formatValue } from '@everflame/flamegraph';

/** A relative change in words that do not depend on colour: `+18 %`, `new`, `±0 %`. */
export function formatChange(before: number | null, now: number): string {
  if (before === null) return 'new';
  if (before === 0) return now === 0 ? '±0 %' : 'new';
  const percent = (100 * (now - before)) / Math.abs(before);
  if (Math.abs(percent) < 0.05) return '±0 %';
  const digits = Math.abs(percent) < 10 ? 1 : 0;
  if (percent > 9999) return '> +9999 %';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(digits)} %`;
}

/** A difference with its sign: `+1.2 s`, `−3 MiB`. */
export function formatDelta(delta: number, unit: string): string {
  const sign = delta > 0 ? '+' : delta < 0 ? '−' : '±';
  return `${sign}${formatValue(Math.abs(delta), unit)}`;
}

/** A change with the colour of its direction; growth is worse, as everything measured here is a cost. */
export function Change({ before, now, title }: { before: number | null; now: number; title?: string }) {
  const text = formatChange(before, now);
  const ratio = before === null || before === 0 ? 0 : (now - before) / Math.abs(before);
  const direction = Math.abs(ratio) < 0.02 ? 'flat' : ratio > 0 ? 'worse' : 'better';
  return (
    <span className="change" data-direction={direction} title={title}>
      {text}
    </span>
  );
}
