import { types } from 'node:util';
import {
  isArray,
  maxArrayLength,
  outOfRange,
  readNumber,
  readObject,
  readSafely,
  unreadable,
  wrongType,
} from '../arguments.js';
import { type MetricKey, recordedOrder } from './metrics.generated.js';
import { lengthOf, unshared } from './typed-array.js';

/** Values of one metric: unknown ones are undefined, which only a plain array can hold. */
export type ColumnValues = Float64Array | readonly (number | undefined)[];

/**
 * Samples of one device as columns of equal length, oldest first. A metric that is absent is
 * unknown in all of them.
 *
 * @example
 * manager.recordMany({ deviceId: 'a', timestampsMs: [1000, 2000], powerWatts: [212, undefined] });
 */
export interface MetricColumns extends Readonly<Partial<Record<MetricKey, ColumnValues>>> {
  readonly deviceId: string;
  /** Unix time in milliseconds; never decreasing. */
  readonly timestampsMs: Float64Array | readonly number[];
  /** Of all the samples. */
  readonly simulated?: true;
}

/** The properties as they were handed in: each read once, none looked into yet. */
export interface UncheckedColumns {
  readonly deviceId: unknown;
  readonly timestampsMs: unknown;
  readonly simulated: unknown;
  /** In the order of `recordedOrder`. */
  readonly values: readonly unknown[];
}

const names = ['deviceId', 'timestampsMs', 'simulated', ...recordedOrder] as const;

export function readColumns(value: unknown): UncheckedColumns {
  const source: { readonly [Name in (typeof names)[number]]?: unknown } = readObject(
    value,
    'columns',
  );
  let at = 0;
  const read: unknown[] = [];
  try {
    for (; at < names.length; at += 1) read.push(source[names[at] as (typeof names)[number]]);
  } catch (cause) {
    throw unreadable(`columns.${names[at]}`, cause);
  }
  const [deviceId, timestampsMs, simulated, ...values] = read;
  return { deviceId, timestampsMs, simulated, values };
}

/** A column as numbers; no code of a user runs when it is looked at. */
export interface Numbers {
  /** Index into `recordedOrder`; -1: the times. */
  readonly index: number;
  readonly values: Float64Array;
  /** 1: known, 0: NaN stands in for it. Undefined: all are known. */
  readonly known: Uint8Array | undefined;
  /** The first item that is no number where one must be. */
  readonly wrong: { readonly position: number; readonly value: unknown } | undefined;
}

export interface ReadColumns {
  readonly length: number;
  readonly times: Numbers;
  readonly metrics: readonly Numbers[];
}

/** The property that a column comes under. */
export function nameOf(index: number): MetricKey | 'timestampsMs' {
  return recordedOrder[index] ?? 'timestampsMs';
}

/**
 * Reads all items; none is checked yet.
 * @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_OUT_OF_RANGE: lengths that differ
 */
export function readItems({ timestampsMs, values }: UncheckedColumns): ReadColumns {
  const times = readNumbers(timestampsMs, -1);
  const metrics: Numbers[] = [];
  for (const [index, column] of values.entries()) {
    if (column !== undefined) metrics.push(readNumbers(column, index));
  }
  // Compared once all are read: items of a proxy may take the memory of another column away.
  const length = lengthOf(times.values);
  const other = metrics.find((column) => lengthOf(column.values) !== length);
  if (other === undefined) return { length, times, metrics };
  const expected = `${length}, as many as timestampsMs`;
  throw outOfRange(`columns.${nameOf(other.index)}.length`, expected, lengthOf(other.values));
}

function readNumbers(column: unknown, index: number): Numbers {
  if (types.isFloat64Array(column)) {
    return { index, values: unshared(column), known: undefined, wrong: undefined };
  }
  const what = `columns.${nameOf(index)}`;
  if (!isArray(column)) throw wrongType(what, 'a Float64Array or an array', column);
  const length = readSafely(what, () => column.length);
  readNumber(length, `${what}.length`, { minimum: 0, maximum: maxArrayLength, integer: true });
  return readSafely(what, () => copyItems(column, length, index));
}

function copyItems(column: readonly unknown[], length: number, index: number): Numbers {
  const values = new Float64Array(length);
  let known: Uint8Array | undefined;
  let wrong: Numbers['wrong'];
  for (let position = 0; position < length; position += 1) {
    const value = column[position];
    if (typeof value === 'number') {
      values[position] = value;
      continue;
    }
    values[position] = NaN;
    known ??= new Uint8Array(length).fill(1);
    known[position] = 0;
    if (value !== undefined || index < 0) wrong ??= { position, value };
  }
  return { index, values, known, wrong };
}
