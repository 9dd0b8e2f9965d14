import { describe, expect, it } from 'vitest';
import { FairQueue } from '../src/application/limits/fair-queue.ts';
import { PendingShares } from '../src/application/limits/pending-shares.ts';

describe('what is on its way to the disk', () => {
  /** Adds profiles of 10 bytes of a sender for as long as there is room; answers how many bytes. */
  const fill = (shares: PendingShares, sender: string): number => {
    let bytes = 0;
    for (; shares.hasRoom(sender, 10); bytes += 10) shares.add(sender, 10);
    return bytes;
  };

  it('is a fifth of the room for one sender that sends all it can, and a sixth for each of two', () => {
    const shares = new PendingShares(6000);
    expect(fill(shares, 'greedy')).toBe(1200);
    expect(fill(shares, 'other')).toBe(960);
    shares.add('greedy', -1200);
    expect(fill(shares, 'greedy')).toBe(1010);
    expect(shares.bytes).toBe(1970);
  });

  it('has room for one more of a new sender while there is four times as much', () => {
    const shares = new PendingShares(1000);
    for (let i = 0; i < 96; i++) {
      expect(shares.hasRoom(`sender-${i}`, 10)).toBe(true);
      shares.add(`sender-${i}`, 10);
    }
    shares.add('rows', 10);
    expect(shares.hasRoom('late', 10)).toBe(false);
  });

  it('takes a profile of any size while there is no other, and forgets senders that have none', () => {
    const shares = new PendingShares(100);
    expect(shares.hasRoom('large', 1000)).toBe(true);
    shares.add('large', 1000);
    expect(shares.hasRoom('small', 1)).toBe(false);
    shares.add('large', -1000);
    expect(shares.bytes).toBe(0);
    expect(shares.hasRoom('large', 1000)).toBe(true);
  });
});

describe('a fair queue', () => {
  it('serves senders in turn, each in its order', () => {
    const queue = new FairQueue<string>();
    for (let i = 1; i <= 4; i++) queue.push('greedy', `g${i}`);
    queue.push('modest', 'm1');
    queue.push('other', 'o1');
    queue.push('modest', 'm2');
    expect(queue.size).toBe(7);
    const served = Array.from({ length: 7 }, () => queue.shift());
    expect(served).toEqual(['g1', 'm1', 'o1', 'g2', 'm2', 'g3', 'g4']);
    expect([queue.size, queue.shift()]).toEqual([0, undefined]);
  });

  it('takes items back in front', () => {
    const queue = new FairQueue<string>();
    queue.push('a', 'a2');
    queue.unshift('a', 'a1');
    queue.unshift('b', 'b1');
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(['a1', 'b1', 'a2']);
  });
});
