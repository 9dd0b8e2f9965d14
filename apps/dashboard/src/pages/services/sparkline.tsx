/** A line without axes; gaps stay gaps. Decoration only: the numbers stand beside it. */
export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const width = 120;
  const height = 26;
  const top = Math.max(...values.map((value) => value ?? 0));
  if (values.length < 2 || top <= 0) return null;
  const step = width / (values.length - 1);
  let path = '';
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const y = height - 2 - (value / top) * (height - 4);
    const point = `${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    // A line of no length still gets its round caps, so that a lone value is seen.
    path += isDown ? `L${point}` : `M${point}l0 0`;
    isDown = true;
  });
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
