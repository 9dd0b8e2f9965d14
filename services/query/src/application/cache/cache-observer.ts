/** Is told what is found in caches. */
export interface CacheObserver {
  /** Answers and trees in the cache of answers, by the kind of the question, and stacks in the cache of stacks. */
  looked(cache: string, outcome: 'hit' | 'miss', count?: number): void;
}
