import { type ClickHouse, loadFrames, loadStacks } from '@everflame/storage';
import { hash64ToHex } from '@everflame/profile';
import {
  type FrameRows,
  StackDictionary,
  type StackRows,
  type StackOwner,
} from '../application/stacks/stack-dictionary.ts';

export class ClickHouseStackDictionary extends StackDictionary {
  readonly #clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    super();
    this.#clickhouse = clickhouse;
  }

  override loadStacks(owner: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<StackRows> {
    return loadStacks(this.#clickhouse, { ...owner, idLo, idHi });
  }

  override async loadFrames(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows> {
    const frames = await loadFrames(this.#clickhouse, { tenant, idLo, idHi });
    const name = frames.name.map((symbol, i) => {
      if (symbol !== '') return symbol;
      const address = hash64ToHex({ lo: frames.addressLo[i] as number, hi: frames.addressHi[i] as number });
      return `0x${address.replace(/^0+(?=.)/, '')}`;
    });
    return { ...frames, name };
  }
}
