import { readDevices, readMetrics } from '../aggregation/aggregate-options.js';
import { outOfRange, readOptions } from '../arguments.js';
import { rangeError } from '../errors.js';
import { type MetricKey, metricTable } from './metrics.generated.js';
import { ReadingColumns, type ReadingSource } from './reading-columns.js';

export interface MetricsReaderOptions<K extends MetricKey = MetricKey> {
  /**
   * Which metrics of a sample, at least one; each is read once, in the order in which they are
   * named first.
   * @default all, in the order of `metricTable`
   */
  readonly metrics?: readonly K[];
  /**
   * Which devices, in this order, also while they are gone.
   * @default all that the cluster has at each read, in the order of `listDevices()`
   */
  readonly devices?: readonly string[];
}

/**
 * The latest samples of several devices as numbers, in arrays that are there: for who reads again
 * and again, such as an exporter. A read makes no objects; on a live cluster it copies what was
 * sampled since the last one, and makes no native call.
 *
 * The arrays are the reader's and are overwritten by the next read; where the devices became
 * others, or a buffer was transferred, that makes new ones. So take them from the reader after each
 * read. What is written into them is lost.
 */
export interface MetricsReader<K extends MetricKey = MetricKey> {
  /** The columns of `values` and `known`. */
  readonly metrics: readonly K[];
  /** The rows of all arrays. Another array once the devices are others, and the same until then. */
  readonly deviceIds: readonly string[];
  /**
   * Device by device: metric m of device d lies at `d * metrics.length + m`, in the unit of its
   * name. It means nothing where `known` is 0; a NaN lies there.
   */
  readonly values: Float64Array;
  /**
   * Of the same shape. 0: unknown, absent in a sample; 1: the driver says it, or it was recorded;
   * 2: worked out from others, because the driver does not say it (`estimated` in a sample).
   */
  readonly known: Uint8Array;
  /** One a device. 1: it has a sample; 0: none yet, or the device is gone from the cluster. */
  readonly sampled: Uint8Array;
  /** One a device: Unix ms at which the sample was begun. NaN where `sampled` is 0. */
  readonly timestampsMs: Float64Array;
  /**
   * One a device: ms from the sample's begin to the read. It grows while a device is lost or hung,
   * whose last sample stays, as with `getMetrics()`. NaN where `sampled` is 0.
   */
  readonly agesMs: Float64Array;
  /** A simulated driver made up what was read last, or part of it. */
  readonly simulated: boolean;
  /**
   * Fills the arrays, and returns `values`. Each device's numbers are of one sample, never of two.
   * @throws GPUError ERR_GPU_CLOSED after the cluster's shutdown
   */
  read(): Float64Array;
}

/** Which devices; undefined: all that there are. */
export interface CheckedReader {
  readonly metrics: readonly MetricKey[];
  readonly devices: readonly string[] | undefined;
}

const allMetrics: readonly MetricKey[] = metricTable.map(({ key }) => key);

/** @throws TypeError, RangeError naming the option */
export function readMetricsReaderOptions(
  value: unknown,
  deviceId: (value: unknown, what: string) => string,
): CheckedReader {
  const options = readOptions(value, ['metrics', 'devices']);
  const rows = readMetrics(options.get('metrics') ?? allMetrics);
  if (rows.length === 0) throw outOfRange('options.metrics', 'at least one metric', rows);
  const metrics = rows.map(({ key }) => {
    const metric = allMetrics.find((known) => known === key);
    if (metric !== undefined) return metric;
    const message = `options.metrics: expected metrics of a sample, got "${key}"`;
    throw rangeError('ERR_GPU_UNKNOWN_METRIC', message);
  });
  return { metrics, devices: readDevices(options.get('devices'), { deviceId }) };
}

export interface ColumnsReaderOptions {
  readonly metrics: readonly MetricKey[];
  readonly source: ReadingSource;
  /** @throws GPUError ERR_GPU_CLOSED */
  open(): void;
}

/** What a source brings up to date, copied for the user. */
export class ColumnsReader implements MetricsReader {
  readonly metrics: readonly MetricKey[];
  readonly #source: ReadingSource;
  readonly #open: () => void;
  readonly #read: ReadingColumns;
  #deviceIds: readonly string[] = [];
  #values = new Float64Array(0);
  #known = new Uint8Array(0);
  #sampled = new Uint8Array(0);
  #timestampsMs = new Float64Array(0);
  #agesMs = new Float64Array(0);

  constructor({ metrics, source, open }: ColumnsReaderOptions) {
    this.metrics = Object.freeze([...metrics]);
    this.#source = source;
    this.#open = open;
    this.#read = new ReadingColumns(metrics.length);
    this.read();
  }

  get deviceIds(): readonly string[] {
    return this.#deviceIds;
  }
  get values(): Float64Array {
    return this.#values;
  }
  get known(): Uint8Array {
    return this.#known;
  }
  get sampled(): Uint8Array {
    return this.#sampled;
  }
  get timestampsMs(): Float64Array {
    return this.#timestampsMs;
  }
  get agesMs(): Float64Array {
    return this.#agesMs;
  }
  get simulated(): boolean {
    return this.#read.simulated;
  }

  read(): Float64Array {
    this.#open();
    const from = this.#read;
    const nowMs = this.#source.update(from);
    if (!this.#fits(from)) this.#renew(from);
    const values = this.#values;
    // Into an array whose buffer was transferred nothing can be set, not even nothing.
    if (values.length > 0) {
      values.set(from.values);
      this.#known.set(from.known);
    }
    const { startsMs } = from;
    const [sampled, timestampsMs, agesMs] = [this.#sampled, this.#timestampsMs, this.#agesMs];
    for (let device = 0; device < startsMs.length; device++) {
      sampled[device] = from.sampled[device] as number;
      timestampsMs[device] = from.timestampsMs[device] as number;
      agesMs[device] = Math.max(0, nowMs - (startsMs[device] as number));
    }
    return values;
  }

  /** An array whose buffer was transferred has no length. */
  #fits({ deviceIds, values }: ReadingColumns): boolean {
    const { length } = deviceIds;
    return (
      this.#deviceIds === deviceIds &&
      this.#values.length === values.length &&
      this.#known.length === values.length &&
      this.#sampled.length === length &&
      this.#timestampsMs.length === length &&
      this.#agesMs.length === length
    );
  }

  #renew({ deviceIds, values }: ReadingColumns): void {
    this.#deviceIds = deviceIds;
    this.#values = new Float64Array(values.length);
    this.#known = new Uint8Array(values.length);
    this.#sampled = new Uint8Array(deviceIds.length);
    this.#timestampsMs = new Float64Array(deviceIds.length);
    this.#agesMs = new Float64Array(deviceIds.length);
  }
}
