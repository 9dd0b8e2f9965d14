import { type ClickHouse, loadFrames, loadStacks, type LoadedStacks } from '@everflame/storage';
import { hash64ToHex } from '@everflame/profile';
import type { FrameRows } from '../application/stacks/stack-cache.ts';
import type { StackDictionary, StackOwner } from '../application/stacks/stack-resolver.ts';
import type { Demangler } from './demangler.ts';

/** Stacks and frames of storage. Mangled C++ and Rust names become system names, as in pprof, and readable names. */
export class ClickHouseStackDictionary implements StackDictionary {
  readonly #clickhouse: ClickHouse;
  readonly #demangler: Demangler;

  constructor(clickhouse: ClickHouse, demangler: Demangler) {
    this.#clickhouse = clickhouse;
    this.#demangler = demangler;
  }

  loadStacks(owner: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<LoadedStacks> {
    return loadStacks(this.#clickhouse, { ...owner, idLo, idHi });
  }

  async loadFrames(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows> {
    const frames = await loadFrames(this.#clickhouse, { tenant, idLo, idHi });
    const stored = frames.name.map((symbol, i) => {
      if (symbol !== '') return symbol;
      const address = hash64ToHex({ lo: frames.addressLo[i] as number, hi: frames.addressHi[i] as number });
      return `0x${address.replace(/^0+(?=.)/, '')}`;
    });
    const name = await this.#demangler.demangle(stored);
    const systemName = frames.systemName.map((system, i) =>
      system === '' && name[i] !== stored[i] ? (stored[i] ?? '') : system,
    );
    return { ...frames, name, systemName };
  }
}
