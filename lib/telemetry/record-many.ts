import { numberRefusal, outOfRange, wrongType } from '../arguments.js';
import { readMark } from '../device.js';
import { type CodedError, type ColumnError, rangeError } from '../errors.js';
import { loadNative } from '../native.js';
import type { NativeColumnFault, NativeStatistics } from '../native-aggregation.js';
import { type MetricKey, recordedOrder } from './metrics.generated.js';
import { nameOf, type ReadColumns, readColumns, readItems } from './recorded-columns.js';
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
  if (columns.length === 0) return;
  const afterMs = store.columnsOf(deviceId)?.latestMs ?? -Infinity;
  const error = firstError(columns, afterMs, load());
  if (error !== undefined) throw error;
  const { length, times, metrics } = columns;
  const values = new Map<MetricKey, Float64Array>();
  for (const { index, values: column, known } of metrics) {
    if (known?.includes(1) !== false) values.set(recordedOrder[index] as MetricKey, column);
  }
  store.addMany(deviceId, { length, times: times.values, values, simulated });
}

/** Four of each metric: minimum, maximum, whether the minimum itself is out, whether whole. */
const ruleWords: readonly (readonly number[])[] = recordedOrder.map((key) => {
  const { minimum = -Infinity, above, maximum = Infinity, integer } = rules.get(key) ?? {};
  return [above ?? minimum, maximum, above === undefined ? 0 : 1, integer ? 1 : 0];
});
const usedIndex = recordedOrder.indexOf('memoryUsedBytes');
const totalIndex = recordedOrder.indexOf('memoryTotalBytes');

function firstError(
  columns: ReadColumns,
  afterMs: number,
  native: Checker,
): ColumnError | undefined {
  const { times, metrics } = columns;
  const words = new Float64Array(4 * metrics.length);
  for (const [place, { index }] of metrics.entries()) words.set(ruleWords[index] ?? [], 4 * place);
  const fault = native.checkColumns(times.values, {
    columns: metrics.map(({ values, known }) => (known ? { values, known } : { values })),
    rules: words,
    afterMs,
    used: metrics.findIndex(({ index }) => index === usedIndex),
    total: metrics.findIndex(({ index }) => index === totalIndex),
  });
  const wrong = firstWrong(columns);
  if (wrong !== undefined && (fault === undefined || isBefore(wrong, fault))) {
    return placed(wrong, wrongItem(wrong));
  }
  return fault && faultError(columns, fault, afterMs);
}

interface Place {
  /** As in Numbers. */
  readonly index: number;
  readonly position: number;
}

interface WrongItem extends Place {
  /** As in a NativeColumnFault. */
  readonly column: number;
  readonly value: unknown;
}

function firstWrong({ times, metrics }: ReadColumns): WrongItem | undefined {
  let first: WrongItem | undefined = times.wrong && { index: -1, column: -1, ...times.wrong };
  for (const [column, { index, wrong }] of metrics.entries()) {
    if (wrong === undefined || (first !== undefined && wrong.position >= first.position)) continue;
    first = { index, column, ...wrong };
  }
  return first;
}

/** What is no number stands there as unknown, or as a time that is none. */
function isBefore(wrong: WrongItem, fault: NativeColumnFault): boolean {
  if (wrong.position !== fault.position) return wrong.position < fault.position;
  return wrong.column <= fault.column || fault.reason === 'used-above-total';
}

function wrongItem(wrong: WrongItem): CodedError {
  const expected = wrong.index < 0 ? 'a number' : 'a number or undefined';
  return wrongType(whereOf(wrong), expected, wrong.value);
}

function faultError(columns: ReadColumns, fault: NativeColumnFault, afterMs: number): ColumnError {
  const { column, position, reason } = fault;
  const { times, metrics } = columns;
  const of = (index: number) => metrics.find((one) => one.index === index)?.values[position];
  if (reason === 'used-above-total') {
    const used = { index: usedIndex, position };
    const expected = `at most memoryTotalBytes (${of(totalIndex)})`;
    return placed(used, outOfRange(whereOf(used), expected, of(usedIndex)));
  }
  const { index, values } = metrics[column] ?? times;
  const place = { index, position };
  if (reason === 'order') return placed(place, tooOld(place, times.values, afterMs));
  const name = nameOf(index);
  const rule = name === 'timestampsMs' ? {} : rules.get(name);
  const refusal = numberRefusal(values[position], whereOf(place), rule ?? {});
  return placed(place, refusal ?? outOfRange(whereOf(place), 'another number', values[position]));
}

function whereOf({ index, position }: Place): string {
  return `columns.${nameOf(index)}[${position}]`;
}

function tooOld(place: Place, times: Float64Array, afterMs: number): CodedError {
  const { position } = place;
  const [least, whose] =
    position === 0 ? [afterMs, "the device's latest"] : [times[position - 1], 'the one before it'];
  const expected = `expected at least ${least}, ${whose}`;
  const message = `${whereOf(place)}: ${expected}, got ${times[position]}`;
  return rangeError('ERR_GPU_TIMESTAMP_ORDER', message);
}

function placed({ index, position }: Place, error: CodedError): ColumnError {
  return Object.assign(error, { position, metric: nameOf(index) });
}
