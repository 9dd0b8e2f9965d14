import type { CharSet } from './char-set.ts';
import { parsePattern, type PatternNode } from './parse-pattern.ts';

const LAST_ASCII = 0x7f;
/**
 * Where a text can go on in more than one way, what follows may be true in many places at once: then each character of
 * the text is compared with all of the pattern.
 */
const STEPS_PER_CHOICE = 50;
/** Of a range of characters that are more than a byte in UTF-8, about. */
const STEPS_PER_WIDE_RANGE = 4;
/** A class such as \\p{L} has some hundred ranges. */
const STEPS_PER_PROPERTY = 500;

/**
 * What a pattern costs an automaton over the bytes of UTF-8, such as that of RE2, in steps of a plain character; worked
 * out without making them, so that it takes time proportional to the pattern. Throws `invalid_regex`.
 */
export function patternCost(source: string): number {
  return costOf(parsePattern(source));
}

function costOf(node: PatternNode): number {
  if (node.kind === 'chars') return setCost(node.set);
  if (node.kind === 'assert') return 1;
  if (node.kind === 'sequence') return 1 + sum(node.parts);
  if (node.kind === 'choice') return STEPS_PER_CHOICE + node.options.length + sum(node.options);
  // `x{2,}` is x, x and a loop over x; what may be absent has a step that leaves it out.
  const copies = node.max === Infinity ? node.min + 1 : node.max;
  return 1 + copies * costOf(node.part) + (copies - node.min) * STEPS_PER_CHOICE;
}

function sum(nodes: readonly PatternNode[]): number {
  return nodes.reduce((all, node) => all + costOf(node), 0);
}

function setCost({ ranges, properties, isNegated, foldsCase }: CharSet): number {
  const [[low, high] = [0, 0], ...more] = ranges;
  const isOne = low === high && high <= LAST_ASCII && more.length === 0 && properties.length === 0;
  if (isOne && !isNegated) return foldsCase ? 2 : 1;
  const wide = ranges.filter(([, last]) => last > LAST_ASCII).length + (isNegated ? 1 : 0);
  const steps = ranges.length + wide * STEPS_PER_WIDE_RANGE + properties.length * STEPS_PER_PROPERTY;
  return STEPS_PER_CHOICE + (foldsCase ? 2 * steps : steps);
}
