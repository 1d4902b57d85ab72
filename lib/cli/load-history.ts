import type { GPUMetrics } from '../telemetry/sample.js';

/** Seconds that the history of a picture spans. */
export const historySeconds = 60;

/** The samples of one second of the wall clock. */
interface Second {
  count: number;
  /** Those that know the utilisation, and their sum. */
  known: number;
  sum: number;
}

/** A wall-clock time, Unix milliseconds, and the sampler's period. */
export interface Moment {
  readonly unixMs: number;
  readonly periodMs: number;
}

/**
 * Utilisation by whole seconds of the wall clock, so that a picture moves on by one place instead
 * of flickering. It remembers what it was shown: at short periods the sampler's own history does
 * not reach back a minute.
 */
export class LoadHistory {
  readonly #devices = new Map<string, Map<number, Second>>();

  /** Takes in a device's samples; those that came before change nothing. */
  add(deviceId: string, samples: readonly GPUMetrics[]): void {
    const seconds = this.#devices.get(deviceId) ?? new Map<number, Second>();
    this.#devices.set(deviceId, seconds);
    for (const [second, found] of bySecond(samples)) {
      // Of the oldest second the sampler may have dropped a part that was seen before.
      if (found.count >= (seconds.get(second)?.count ?? 0)) seconds.set(second, found);
    }
  }

  /**
   * The mean of each of the last seconds, oldest first; undefined: no sample knew it. Where a
   * period is longer than a second, a sample stands for the seconds until the next one is due.
   */
  percents(deviceId: string, { unixMs, periodMs }: Moment): readonly (number | undefined)[] {
    const seconds = this.#devices.get(deviceId) ?? new Map<number, Second>();
    const newest = Math.floor(unixMs / 1000);
    const oldest = newest - historySeconds + 1;
    const reach = Math.round(periodMs / 1000);
    for (const second of seconds.keys()) {
      if (second < oldest - reach) seconds.delete(second);
    }
    const means: (number | undefined)[] = [];
    let latest = Number.NEGATIVE_INFINITY;
    for (let second = oldest - reach; second <= newest; second++) {
      if (seconds.has(second)) latest = second;
      if (second >= oldest)
        means.push(second - latest <= reach ? mean(seconds, latest) : undefined);
    }
    return means;
  }
}

function mean(seconds: ReadonlyMap<number, Second>, second: number): number | undefined {
  const { known, sum } = seconds.get(second) ?? { known: 0, sum: 0 };
  return known === 0 ? undefined : sum / known;
}

function bySecond(samples: readonly GPUMetrics[]): ReadonlyMap<number, Second> {
  const seconds = new Map<number, Second>();
  for (const { timestampMs, computeUtilizationPercent: percent } of samples) {
    const key = Math.floor(timestampMs / 1000);
    const second = seconds.get(key) ?? { count: 0, known: 0, sum: 0 };
    seconds.set(key, second);
    second.count += 1;
    if (percent === undefined) continue;
    second.known += 1;
    second.sum += percent;
  }
  return seconds;
}

/**
 * The whole minute in at most `width` cells of equally many seconds. A second stays in its cell as
 * time goes on: cells begin at multiples of their length.
 */
export function foldMinute(
  percents: readonly (number | undefined)[],
  { width, unixMs }: { readonly width: number; readonly unixMs: number },
): readonly (number | undefined)[] {
  const secondsPerCell = Math.ceil(historySeconds / Math.max(1, width));
  const newest = Math.floor(unixMs / 1000);
  const cellOf = (second: number) => Math.floor(second / secondsPerCell);
  const count = Math.ceil(historySeconds / secondsPerCell);
  const cells: number[][] = Array.from({ length: count }, () => []);
  for (const [place, percent] of percents.entries()) {
    const second = newest - (percents.length - 1 - place);
    const cell = cells[count - 1 - (cellOf(newest) - cellOf(second))];
    if (percent !== undefined) cell?.push(percent);
  }
  return cells.map((known) =>
    known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0) / known.length,
  );
}
