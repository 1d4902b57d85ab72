import { type NumberRule, outOfRange, readNumber } from '../arguments.js';

/**
 * Which samples count; at most one way of saying it. None: all that are kept. A sample counts by
 * the time at which it was begun, and both ends of a window belong to it.
 */
export interface WindowOptions {
  /** The last so many milliseconds, up to now. */
  readonly windowMs?: number;
  /** Unix ms. Alone: up to now. */
  readonly from?: number;
  /** Unix ms; needs `from`. */
  readonly to?: number;
  /** The newest so many samples. Metrics of other tiers are read at other times: each its own. */
  readonly last?: number;
}

export const windowOptionNames = ['windowMs', 'from', 'to', 'last'] as const;

export type CheckedWindow =
  | { readonly kind: 'recent'; readonly windowMs: number }
  | { readonly kind: 'between'; readonly fromMs: number; readonly toMs: number }
  /** `count` may be Infinity. */
  | { readonly kind: 'last'; readonly count: number };

/** Native clocks count microseconds; what is shorter is no time there. */
export const shortestMs = 0.001;
/** The ends of what Date can say. */
const furthestMs = 8.64e15;

export const windowLengthRule: NumberRule = { minimum: shortestMs, maximum: furthestMs };
const instant: NumberRule = { minimum: -furthestMs, maximum: furthestMs };

type WindowOptionName = (typeof windowOptionNames)[number];

/** @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_OUT_OF_RANGE, two ways included */
export function readWindow(
  options: ReadonlyMap<string, unknown>,
  nowMs: () => number,
): CheckedWindow {
  const given = (name: WindowOptionName) => options.get(name) !== undefined;
  const number = (name: WindowOptionName, rule: NumberRule) =>
    readNumber(options.get(name), `options.${name}`, rule);
  const ways = (['windowMs', 'from', 'last'] as const).filter(given);
  const [way, another] = ways;
  if (way !== undefined && another !== undefined) {
    throw outOfRange(`options.${another}`, `no ${another} beside ${way}`, options.get(another));
  }
  if (given('to') && way !== 'from') {
    throw outOfRange('options.to', 'from, and no other window, beside to', options.get('to'));
  }
  if (way === 'windowMs') return { kind: 'recent', windowMs: number('windowMs', windowLengthRule) };
  if (way === 'last') return { kind: 'last', count: number('last', { minimum: 1, integer: true }) };
  if (way === undefined) return { kind: 'last', count: Infinity };
  const fromMs = number('from', instant);
  const toMs = given('to') ? number('to', instant) : nowMs();
  if (toMs - fromMs < shortestMs) {
    throw outOfRange('options.from', `less than to (${toMs}${given('to') ? '' : ', now'})`, fromMs);
  }
  return { kind: 'between', fromMs, toMs };
}

/** A window in terms of native code, and what is known of its ends without looking at samples. */
export interface NativeWindowBounds {
  /** Index into `NativeStatistics.windowKinds`. */
  readonly by: number;
  readonly from: number;
  readonly to: number;
  /** Absent: they follow from the samples. */
  readonly ends?: Required<WindowEnds>;
}

/** Unix ms. Absent where they follow from samples and there are none. */
export interface WindowEnds {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** What was asked for; else from the first to the last sample of any of them. */
export function endsOfAll(
  asked: Required<WindowEnds> | undefined,
  found: readonly WindowEnds[],
): WindowEnds {
  if (asked !== undefined) return asked;
  const froms = found.flatMap(({ fromMs }) => fromMs ?? []);
  const tos = found.flatMap(({ toMs }) => toMs ?? []);
  return froms.length === 0 ? {} : { fromMs: Math.min(...froms), toMs: Math.max(...tos) };
}

/** The clock by which a window that ends now is looked up. */
export interface WindowClock {
  readonly kind: 'wall' | 'monotonic';
  nowMs(): number;
}

export function nativeBounds(
  window: CheckedWindow,
  kinds: readonly string[],
  clock: WindowClock,
): NativeWindowBounds {
  switch (window.kind) {
    case 'recent': {
      const { windowMs } = window;
      const to = clock.nowMs();
      const toMs = clock.kind === 'wall' ? to : Date.now();
      const ends = { fromMs: toMs - windowMs, toMs };
      return { by: kinds.indexOf(clock.kind), from: to - windowMs, to, ends };
    }
    case 'between': {
      const { fromMs, toMs } = window;
      return { by: kinds.indexOf('wall'), from: fromMs, to: toMs, ends: { fromMs, toMs } };
    }
    case 'last': {
      const from = Math.min(window.count, Number.MAX_SAFE_INTEGER);
      return { by: kinds.indexOf('last'), from, to: 0 };
    }
  }
}
