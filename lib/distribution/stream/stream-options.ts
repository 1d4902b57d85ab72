import { type NumberRule, readFunction, readNumber, readSignal } from '../../arguments.js';
import type { ItemFailure } from './stream-report.js';

/** How items are handed out. */
export interface StreamOptions<T> {
  /**
   * What an item weighs, above 0 and at most 2^20, and no more than one device may have in flight:
   * how much it counts as load while it is in flight, rounded up to 64ths. @default 1
   */
  readonly costs?: number | ((item: T, index: number) => number);
  /**
   * How many items of an async source are asked for before anybody wants them. A plain iterable
   * never runs ahead. @default 0
   */
  readonly prefetch?: number;
  /**
   * How many calls of the source's `next` may be pending at once. Above 1 only for a source that
   * allows it; items are then handed out as they come. @default 1
   */
  readonly concurrentPulls?: number;
  /** How often an item is handed out before it is given up; Infinity for ever. @default 3 */
  readonly maxAttempts?: number;
  /**
   * Is told of each item that is given up, in place of `failed`, which then stays empty. What it
   * throws ends the stream.
   */
  readonly onFailed?: (failure: ItemFailure<T>) => void;
  /** Ends everything: who waits, and `completion`, get its reason. */
  readonly signal?: AbortSignal;
}

export type CostOf<T> = (item: T, index: number) => number;

/** StreamOptions with everything decided. */
export interface CheckedStreamOptions<T> {
  /** A number: of each. */
  readonly costs: number | CostOf<T>;
  /** No device could ever be given an item that weighs more. */
  readonly mostCost: number;
  readonly prefetch: number;
  readonly concurrentPulls: number;
  readonly maxAttempts: number;
  readonly onFailed: ((failure: ItemFailure<T>) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

type StreamKey = keyof StreamOptions<unknown>;

export const streamKeys: readonly StreamKey[] = [
  'costs',
  'prefetch',
  'concurrentPulls',
  'maxAttempts',
  'onFailed',
  'signal',
];

const greatestCost = 2 ** 20;
const aheadRule: NumberRule = { minimum: 0, maximum: 2 ** 20, integer: true };

/** @throws TypeError, RangeError naming the option */
export function readStreamOptions<T>(
  given: Pick<ReadonlyMap<StreamKey, unknown>, 'get'>,
  limits: { readonly mostCost?: number } = {},
): CheckedStreamOptions<T> {
  const mostCost = Math.min(limits.mostCost ?? greatestCost, greatestCost);
  const costs = given.get('costs') ?? 1;
  const onFailed = given.get('onFailed');
  const attempts = given.get('maxAttempts') ?? 3;
  const pulls = given.get('concurrentPulls') ?? 1;
  return {
    costs:
      typeof costs === 'function'
        ? (costs as CostOf<T>)
        : readCost(costs, 'options.costs', mostCost),
    mostCost,
    prefetch: readNumber(given.get('prefetch') ?? 0, 'options.prefetch', aheadRule),
    concurrentPulls: readNumber(pulls, 'options.concurrentPulls', { ...aheadRule, minimum: 1 }),
    maxAttempts:
      attempts === Infinity
        ? Infinity
        : readNumber(attempts, 'options.maxAttempts', { minimum: 1, integer: true }),
    onFailed: onFailed === undefined ? undefined : readFunction(onFailed, 'options.onFailed'),
    signal: readSignal(given.get('signal')),
  };
}

/** @throws TypeError, RangeError */
export function readCost(value: unknown, what: string, mostCost: number): number {
  return readNumber(value, what, { above: 0, maximum: mostCost });
}
