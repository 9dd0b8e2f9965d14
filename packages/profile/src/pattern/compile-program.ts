import type { CharSet } from './char-set.ts';
import type { Assertion, PatternNode } from './parse-pattern.ts';

/** One step of a pattern's automaton; numbers are positions of other steps. */
export type Step =
  | { readonly kind: 'chars'; readonly set: CharSet; readonly next: number }
  | { readonly kind: 'assert'; readonly assertion: Assertion; readonly next: number }
  | { readonly kind: 'split'; readonly either: number; readonly or: number }
  | { readonly kind: 'match' };

export interface Program {
  readonly steps: readonly Step[];
  readonly start: number;
}

/**
 * Thompson's construction (Regular Expression Search Algorithm, 1968), from the end to the start. Undefined when
 * the program would take more than `maxSteps`.
 */
export function compileProgram(node: PatternNode, maxSteps: number): Program | undefined {
  const compiler = new Compiler(maxSteps);
  const start = compiler.compile(node, 0);
  return compiler.isTooLong ? undefined : { steps: compiler.steps, start };
}

class Compiler {
  readonly steps: Step[] = [{ kind: 'match' }];
  // Nodes are counted rather than steps, since an empty group that is repeated makes no steps.
  #budget: number;

  constructor(maxSteps: number) {
    this.#budget = maxSteps;
  }

  get isTooLong(): boolean {
    return this.#budget < 0;
  }

  /** Emits the steps of a node that goes on at `next`; the result is where it starts. */
  compile(node: PatternNode, next: number): number {
    if (--this.#budget < 0) return next;
    if (node.kind === 'chars') return this.#emit({ kind: 'chars', set: node.set, next });
    if (node.kind === 'assert') return this.#emit({ kind: 'assert', assertion: node.assertion, next });
    if (node.kind === 'sequence') return node.parts.reduceRight((at, part) => this.compile(part, at), next);
    if (node.kind === 'choice') {
      return node.options
        .map((option) => this.compile(option, next))
        .reduceRight((or, either) => this.#emit({ kind: 'split', either, or }));
    }
    return this.#compileRepeat(node.part, node.min, node.max, next);
  }

  #compileRepeat(part: PatternNode, min: number, max: number, next: number): number {
    const optional = max === Infinity ? 0 : max - min;
    let at = next;
    if (max === Infinity) {
      at = this.#emit({ kind: 'split', either: next, or: next });
      this.steps[at] = { kind: 'split', either: this.compile(part, at), or: next };
    }
    for (let count = 0; count < optional && !this.isTooLong; count++) {
      at = this.#emit({ kind: 'split', either: this.compile(part, at), or: next });
    }
    for (let count = 0; count < min && !this.isTooLong; count++) at = this.compile(part, at);
    return at;
  }

  #emit(step: Step): number {
    return this.steps.push(step) - 1;
  }
}
