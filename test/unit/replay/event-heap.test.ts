import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventHeap } from '../../../lib/replay/event-heap.js';

it('gives out events by time, those of one time in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const heap = new EventHeap<number>();
      for (const [place, time] of times.entries()) heap.push(time, place);
      const out = times.map(() => heap.pop());
      const expected = times
        .map((atMs, event) => ({ atMs, event }))
        .sort((a, b) => a.atMs - b.atMs || a.event - b.event);
      expect(out.map((entry) => ({ atMs: entry?.atMs, event: entry?.event }))).toEqual(expected);
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

it('keeps its order while events come and go', () => {
  const heap = new EventHeap<string>();
  heap.push(5, 'e');
  heap.push(1, 'a');
  expect(heap.pop()?.event).toBe('a');
  heap.push(3, 'c');
  heap.push(4, 'd');
  heap.push(2, 'b');
  const rest = [heap.pop(), heap.pop(), heap.pop(), heap.pop(), heap.pop()];
  expect(rest.map((entry) => entry?.event)).toEqual(['b', 'c', 'd', 'e', undefined]);
});
