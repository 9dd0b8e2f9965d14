import type { StackSet } from '@everflame/flamegraph';
import { StackSetBuilder } from '@everflame/testkit';

/** A stack as text: frames root first, separated by `;`, then its value. A frame may carry `@file`. */
export type FoldedLine = string;

/** Stacks of folded lines; a second value is the right side of a diff. */
export function stacksOf(lines: readonly FoldedLine[], isDiff = false): StackSet {
  const builder = new StackSetBuilder(undefined, { isDiff });
  for (const line of lines) {
    const [frames = '', left = '0', right = '0'] = line.split(' ');
    const ids = frames
      .split(';')
      .toReversed()
      .map((frame) => {
        const [name = '', file = ''] = frame.split('@');
        return builder.symbols.intern(name, file);
      });
    builder.add(ids, Number(left), Number(right));
  }
  return builder.build();
}

const PRICING = 'github.com/acme/shop/pricing';
const SERVE =
  'runtime.goexit@runtime/asm_amd64.s;net/http.(*conn).serve@net/http/server.go;net/http.serverHandler.ServeHTTP@net/http/server.go';
const QUOTE = `${SERVE};github.com/acme/shop/api.(*Handler).Quote@api/quote.go`;
const CART = `${SERVE};github.com/acme/shop/api.(*Handler).Cart@api/cart.go`;

/** CPU of a shop before (left) and after (right) a deploy that made JSON slower, dropped a cache and added a tax call. */
export const SHOP_DIFF: readonly FoldedLine[] = [
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go 400 420`,
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go;${PRICING}.applyRules@pricing/rules.go 900 940`,
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go;${PRICING}.applyRules@pricing/rules.go;regexp.(*Regexp).FindStringSubmatch@regexp/regexp.go 620 600`,
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go;${PRICING}.applyRules@pricing/rules.go;runtime.mallocgc@runtime/malloc.go 180 190`,
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go;${PRICING}.cacheGet@pricing/cache.go;github.com/hashicorp/golang-lru/v2.(*Cache).Get@lru/lru.go 300 0`,
  `${QUOTE};${PRICING}.(*Engine).Price@pricing/engine.go;${PRICING}.taxFor@pricing/tax.go;github.com/acme/tax.(*Client).Rate@tax/client.go 0 520`,
  `${QUOTE};encoding/json.Marshal@encoding/json/encode.go;encoding/json.(*encodeState).marshal@encoding/json/encode.go;encoding/json.structEncoder.encode@encoding/json/encode.go 800 1500`,
  `${QUOTE};encoding/json.Marshal@encoding/json/encode.go;encoding/json.(*encodeState).marshal@encoding/json/encode.go;encoding/json.structEncoder.encode@encoding/json/encode.go;encoding/json.stringEncoder@encoding/json/encode.go 350 820`,
  `${QUOTE};encoding/json.Marshal@encoding/json/encode.go;runtime.mallocgc@runtime/malloc.go 220 340`,
  `${CART};database/sql.(*DB).QueryContext@database/sql/sql.go;github.com/lib/pq.(*conn).Query@pq/conn.go;syscall.Syscall@syscall/asm.s 700 690`,
  `${CART};database/sql.(*DB).QueryContext@database/sql/sql.go;database/sql.convertAssign@database/sql/convert.go 240 235`,
  `${CART};encoding/json.Unmarshal@encoding/json/decode.go;encoding/json.(*decodeState).object@encoding/json/decode.go 480 470`,
  `${CART};encoding/json.Unmarshal@encoding/json/decode.go;encoding/json.(*decodeState).object@encoding/json/decode.go;reflect.Value.Set@reflect/value.go 160 150`,
  'runtime.goexit@runtime/asm_amd64.s;runtime.gcBgMarkWorker@runtime/mgc.go;runtime.gcDrain@runtime/mgcmark.go;runtime.scanobject@runtime/mgcmark.go 900 1180',
  'runtime.goexit@runtime/asm_amd64.s;runtime.gcBgMarkWorker@runtime/mgc.go;runtime.gcDrain@runtime/mgcmark.go;runtime.greyobject@runtime/mgcmark.go 260 330',
  'runtime.mcall@runtime/asm_amd64.s;runtime.schedule@runtime/proc.go;runtime.findRunnable@runtime/proc.go;runtime.futex@runtime/sys_linux.s 340 335',
  'runtime.goexit@runtime/asm_amd64.s;main.main@main.go;github.com/acme/shop/metrics.(*Registry).Gather@metrics/registry.go;sort.Strings@sort/sort.go 90 95',
];

/** A wide, deep tree of made-up functions with a fixed pattern, for what happens to small boxes. */
export function manyStacks(count: number): FoldedLine[] {
  let state = 42;
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
  return Array.from({ length: count }, () => {
    const depth = 3 + Math.floor(next() * 18);
    const frames = Array.from(
      { length: depth },
      (_, level) =>
        `pkg${Math.floor(next() ** 2 * 12)}/mod.Func${level}_${Math.floor(next() ** 2.2 * 9)}@pkg/file${level}.go`,
    );
    return `${frames.join(';')} ${1 + Math.floor(next() ** 4 * 400)}`;
  });
}
