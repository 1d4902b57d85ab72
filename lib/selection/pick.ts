// Ways to take one of the candidates. All look at tiers first, and draw nothing where nothing ties.
import type { Candidates } from './candidates.js';

/** Costs that differ by less are equal: rounding makes no difference between devices. */
const tieTolerance = 1e-9;

/** The lowest of the lowest tier; of equals the first. */
export function firstLowest(
  candidates: Candidates,
  figures: Float64Array = candidates.keys,
): number {
  let best = 0;
  for (let index = 1; index < candidates.count; index += 1) {
    const rise = candidates.tier(index) - candidates.tier(best);
    const isLower = (figures[index] as number) < (figures[best] as number);
    if (rise < 0 || (rise === 0 && isLower)) best = index;
  }
  return best;
}

interface TieRule {
  /** The share by which a figure may be above the lowest and still be equal. */
  readonly tolerance?: number;
  /** What is compared. @default the keys */
  readonly figures?: Float64Array;
}

/** One of the lowest of the lowest tier, each as likely. Figures are at least 0. */
export function anyLowest(
  candidates: Candidates,
  random: { random(): number },
  { tolerance = tieTolerance, figures = candidates.keys }: TieRule = {},
): number {
  const best = firstLowest(candidates, figures);
  const limit = (figures[best] as number) * (1 + tolerance);
  const tier = candidates.tier(best);
  let ties = 0;
  for (let index = 0; index < candidates.count; index += 1) {
    if (candidates.tier(index) === tier && (figures[index] as number) <= limit) ties += 1;
  }
  if (ties === 1) return best;
  let left = Math.floor(random.random() * ties);
  for (let index = 0; index < candidates.count; index += 1) {
    if (candidates.tier(index) !== tier || (figures[index] as number) > limit) continue;
    if (left === 0) return index;
    left -= 1;
  }
  return best;
}

/** The lower of two drawn at random; of equals the first drawn. */
export function lowerOfTwo(candidates: Candidates, random: { random(): number }): number {
  const { count } = candidates;
  if (count === 1) return 0;
  const first = Math.floor(random.random() * count);
  const step = 1 + Math.floor(random.random() * (count - 1));
  const second = (first + step) % count;
  return candidates.key(second) < candidates.key(first) ? second : first;
}
