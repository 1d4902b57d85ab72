import { describeValue, outOfRange, readNumber, readOptions } from '../arguments.js';
import { GPUError, rangeError } from '../errors.js';
import type { AnyMetricRow } from '../telemetry/describe.js';
import type { AnyMetricKey } from '../telemetry/metrics.generated.js';
import { readEwma, readMetrics } from './aggregate-options.js';
import type { WindowHandle } from './open-windows.js';
import {
  type CheckedPercentiles,
  type PercentileOptions,
  percentileOptionNames,
  readPercentiles,
} from './percentiles.js';
import type { MetricStatistics } from './statistics.js';
import { windowLengthRule } from './window.js';

export interface WatchedWindowOptions<K extends AnyMetricKey = AnyMetricKey>
  extends PercentileOptions {
  /** The window's length; it ends at each device's newest sample. */
  readonly windowMs: number;
  /** At least one. */
  readonly metrics: readonly K[];
  /**
   * Of power and memory each costs the sampler a look at every sample of the window, in each
   * period: live windows with percentiles hold 65536 periods at most.
   * @default none
   */
  readonly percentiles?: readonly number[];
  /**
   * The time constant of `ewma`, which is left out without it. It costs the sampler a look at the
   * samples of 42 of it, or of the window: live, one of both holds 65536 periods at most.
   */
  readonly ewmaMs?: number;
}

/**
 * Statistics that are kept up to date while samples come in, for every device, also for those that
 * come later. On a live cluster the sampler does it after each sample, and reading is a look at
 * memory; on a manual one they are worked out when they are read after a device's next sample.
 *
 * A statistic is as of the device's newest sample: `toMs` says when that was. It is a frozen object
 * and the same one until the next sample.
 */
export interface WatchedWindow<K extends AnyMetricKey = AnyMetricKey> extends Disposable {
  /**
   * Undefined: the device has no sample yet.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE; ERR_GPU_UNKNOWN_METRIC: none of this window.
   * @throws GPUError ERR_GPU_CLOSED: the window or its cluster was closed.
   */
  read(deviceId: string, metric: K): MetricStatistics | undefined;
  /**
   * The cheapest way of reading one statistic again and again. What it returns gives undefined
   * while the device has no sample or is not there (which it may learn a second later), and throws
   * ERR_GPU_CLOSED as `read` does.
   * @throws as `read`
   *
   * @example
   * const power = window.reader(deviceId, 'powerWatts');
   * setInterval(() => console.log(power()?.mean), 1000);
   */
  reader(deviceId: string, metric: K): () => MetricStatistics | undefined;
  /** Ends it: reading throws from now on. Without it the window ends with the cluster. */
  close(): void;
}

/** What is asked of a source. */
export interface WindowToWatch extends CheckedPercentiles {
  readonly windowMs: number;
  readonly metrics: readonly AnyMetricRow[];
  readonly ewmaMs: number;
  /** Checks that there is such a device. */
  deviceId(value: unknown): string;
}

/** @throws TypeError, RangeError naming the option */
export function readWatchedWindowOptions(
  value: unknown,
  mostPercentiles: number,
): Omit<WindowToWatch, 'deviceId'> {
  const names = ['windowMs', 'metrics', ...percentileOptionNames, 'ewmaMs'] as const;
  const options = readOptions(value, names);
  const windowMs = readNumber(options.get('windowMs'), 'options.windowMs', windowLengthRule);
  const metrics = readMetrics(options.get('metrics'));
  if (metrics.length === 0) throw outOfRange('options.metrics', 'at least one metric', []);
  return {
    windowMs,
    metrics,
    ...readPercentiles(options, { fallback: [], most: mostPercentiles }),
    ewmaMs: readEwma(options.get('ewmaMs')),
  };
}

/** One statistic, as of now; undefined: there is none yet. Throws once the window is closed. */
export type Reading = () => MetricStatistics | undefined;

/** @throws GPUError ERR_GPU_CLOSED */
export function requireOpen({ isOpen }: WindowHandle): void {
  if (isOpen) return;
  throw new GPUError('ERR_GPU_CLOSED', 'expected an open window, but it was closed');
}

/** Readings are kept for so many devices; those of others are made anew when they are wanted. */
const mostDevices = 1024;

/** A window over readings of whatever kind. */
export class SourceWindow implements WatchedWindow {
  readonly #window: WindowToWatch;
  readonly #handle: WindowHandle;
  readonly #readingOf: (deviceId: string, place: number) => Reading;
  readonly #readings = new Map<string, Reading[]>();

  constructor(
    window: WindowToWatch,
    handle: WindowHandle,
    readingOf: (deviceId: string, place: number) => Reading,
  ) {
    this.#window = window;
    this.#handle = handle;
    this.#readingOf = readingOf;
  }

  read(deviceId: string, metric: AnyMetricKey): MetricStatistics | undefined {
    return this.#reading(deviceId, metric)();
  }

  reader(deviceId: string, metric: AnyMetricKey): Reading {
    return this.#reading(deviceId, metric);
  }

  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #reading(deviceId: unknown, metric: unknown): Reading {
    requireOpen(this.#handle);
    const id = this.#window.deviceId(deviceId);
    const place = this.#place(metric);
    const readings = this.#readings.get(id) ?? this.#newReadings(id);
    const reading = readings[place] ?? this.#readingOf(id, place);
    readings[place] = reading;
    return reading;
  }

  #newReadings(deviceId: string): Reading[] {
    if (this.#readings.size >= mostDevices) this.#readings.clear();
    const readings: Reading[] = [];
    this.#readings.set(deviceId, readings);
    return readings;
  }

  #place(metric: unknown): number {
    const { metrics } = this.#window;
    const place = metrics.findIndex(({ key }) => key === metric);
    if (place >= 0) return place;
    const keys = metrics.map(({ key }) => key).join(', ');
    const message = `metric: expected one of ${keys}, got ${describeValue(metric)}`;
    throw rangeError('ERR_GPU_UNKNOWN_METRIC', message);
  }
}
