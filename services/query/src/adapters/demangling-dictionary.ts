import { type FrameRows, StackDictionary, type StackRows } from '../application/stacks/stack-dictionary.ts';
import type { Demangler } from './demangler.ts';

/** A dictionary whose C++ and Rust names are readable; the mangled name becomes the system name, as in pprof. */
export class DemanglingDictionary extends StackDictionary {
  readonly #dictionary: StackDictionary;
  readonly #demangler: Demangler;

  constructor(dictionary: StackDictionary, demangler: Demangler) {
    super();
    this.#dictionary = dictionary;
    this.#demangler = demangler;
  }

  override loadStacks(...lookup: Parameters<StackDictionary['loadStacks']>): Promise<StackRows> {
    return this.#dictionary.loadStacks(...lookup);
  }

  override async loadFrames(...lookup: Parameters<StackDictionary['loadFrames']>): Promise<FrameRows> {
    const rows = await this.#dictionary.loadFrames(...lookup);
    const name = await this.#demangler.demangle(rows.name);
    const systemName = rows.systemName.map((system, i) =>
      system === '' && name[i] !== rows.name[i] ? (rows.name[i] ?? '') : system,
    );
    return { ...rows, name, systemName };
  }
}
