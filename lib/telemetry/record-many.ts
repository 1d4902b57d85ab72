import { numberRefusal, outOfRange, wrongType } from '../arguments.js';
import { readMark } from '../device.js';
import { type CodedError, type ColumnError, rangeError } from '../errors.js';
import { loadNative } from '../native.js';
import type { NativeColumnFault, NativeStatistics } from '../native-aggregation.js';
import type { MetricKey } from './metrics.generated.js';
import { type Numbers, type ReadColumns, readColumns, readItems } from './recorded-columns.js';
import { rules } from './recorded-rules.js';
import type { SampleStore } from './sample-store.js';

type Checker = Pick<NativeStatistics, 'checkColumns'>;

export interface RecordManyHost {
  /** Throws once nothing is to be recorded any more. */
  readonly open?: () => unknown;
  readonly load?: () => Checker;
}

/** Stores samples that come as columns: all of them, or where one is wrong none. */
export function recordMany(
  store: SampleStore,
  value: unknown,
  { open = () => {}, load = loadNative }: RecordManyHost = {},
): void {
  const unchecked = readColumns(value);
  const admit = () => {
    open();
    return store.admit(unchecked.deviceId, 'columns.deviceId');
  };
  admit();
  const columns = readItems(unchecked);
  // Items of a proxy may have removed the device.
  const deviceId = admit();
  const simulated = readMark(unchecked.simulated, 'columns.simulated');
  if (columns.times.values.length === 0) return;
  const afterMs = store.columnsOf(deviceId)?.latestMs ?? -Infinity;
  const error = firstError(columns, afterMs, load());
  if (error !== undefined) throw error;
  const known = columns.metrics.filter((column) => column.known?.includes(1) !== false);
  const values = new Map(known.map((column) => [column.key, column.values]));
  store.addMany(deviceId, { times: columns.times.values, values, simulated });
}

/** Minimum, maximum, whether the minimum itself is out, whether whole. */
function ruleWords(key: MetricKey): readonly number[] {
  const { minimum = -Infinity, above, maximum = Infinity, integer } = rules.get(key) ?? {};
  return [above ?? minimum, maximum, above === undefined ? 0 : 1, integer ? 1 : 0];
}

function firstError(
  columns: ReadColumns,
  afterMs: number,
  native: Checker,
): ColumnError | undefined {
  const { times, metrics } = columns;
  const keys = metrics.map(({ key }) => key);
  const fault = native.checkColumns(times.values, {
    columns: metrics.map(({ values, known }) => ({ values, ...(known && { known }) })),
    rules: Float64Array.from(keys.flatMap(ruleWords)),
    afterMs,
    used: keys.indexOf('memoryUsedBytes'),
    total: keys.indexOf('memoryTotalBytes'),
  });
  const wrong = firstWrong(columns);
  if (wrong !== undefined && (fault === undefined || isBefore(wrong, fault))) {
    return placed(wrong, wrongItem(wrong));
  }
  return fault && faultError(columns, fault, afterMs);
}

interface WrongItem {
  readonly key: Numbers['key'];
  /** As in a NativeColumnFault. */
  readonly column: number;
  readonly position: number;
  readonly value: unknown;
}

function firstWrong({ times, metrics }: ReadColumns): WrongItem | undefined {
  let first: WrongItem | undefined;
  for (const [place, { key, wrong }] of [times, ...metrics].entries()) {
    if (wrong === undefined || (first !== undefined && wrong.position >= first.position)) continue;
    first = { key, column: place - 1, ...wrong };
  }
  return first;
}

/** What is no number stands there as unknown, or as a time that is none. */
function isBefore(wrong: WrongItem, fault: NativeColumnFault): boolean {
  if (wrong.position !== fault.position) return wrong.position < fault.position;
  return wrong.column <= fault.column || fault.reason === 'used-above-total';
}

function wrongItem({ key, position, value }: WrongItem): CodedError {
  const expected = key === 'timestampsMs' ? 'a number' : 'a number or undefined';
  return wrongType(`columns.${key}[${position}]`, expected, value);
}

function faultError(columns: ReadColumns, fault: NativeColumnFault, afterMs: number): ColumnError {
  const { column, position, reason } = fault;
  const { times, metrics } = columns;
  const { key, values } = metrics[column] ?? times;
  const there = (name: string) => metrics.find((one) => one.key === name)?.values[position];
  if (reason === 'used-above-total') {
    const used = { key: 'memoryUsedBytes' as const, position };
    const expected = `at most memoryTotalBytes (${there('memoryTotalBytes')})`;
    return placed(used, outOfRange(whereOf(used), expected, there(used.key)));
  }
  const place = { key, position };
  const value = values[position];
  if (reason === 'order') return placed(place, tooOld(place, times.values, afterMs));
  const rule = key === 'timestampsMs' ? {} : rules.get(key);
  const refusal = numberRefusal(value, whereOf(place), rule ?? {});
  return placed(place, refusal ?? outOfRange(whereOf(place), 'another number', value));
}

interface Place {
  readonly key: Numbers['key'];
  readonly position: number;
}

function whereOf({ key, position }: Place): string {
  return `columns.${key}[${position}]`;
}

function tooOld(place: Place, times: Float64Array, afterMs: number): CodedError {
  const { position } = place;
  const [least, whose] =
    position === 0 ? [afterMs, "the device's latest"] : [times[position - 1], 'the one before it'];
  const expected = `expected at least ${least}, ${whose}`;
  const message = `${whereOf(place)}: ${expected}, got ${times[position]}`;
  return rangeError('ERR_GPU_TIMESTAMP_ORDER', message);
}

function placed({ key, position }: Place, error: CodedError): ColumnError {
  return Object.assign(error, { position, metric: key });
}
