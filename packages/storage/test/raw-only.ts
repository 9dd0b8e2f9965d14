import type { ClickHouse } from '../src/index.ts';

/** The same storage as if nothing were rolled up: reads take raw profiles alone. */
export function rawOnly(clickhouse: ClickHouse): ClickHouse {
  return new Proxy(clickhouse, {
    get(target, name) {
      if (name !== 'select') return Reflect.get(target, name, target) as unknown;
      const select: ClickHouse['select'] = ({ text, params }, settings) =>
        target.select(
          { text: text.replace('FROM rollup_state\nWHERE ', 'FROM rollup_state\nWHERE 0 AND '), params },
          settings,
        );
      return select;
    },
  });
}
