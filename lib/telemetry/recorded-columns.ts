import { types } from 'node:util';
import {
  isArray,
  maxArrayLength,
  outOfRange,
  readNumber,
  readObject,
  readProperty,
  readSafely,
  wrongType,
} from '../arguments.js';
import { type MetricKey, recordedOrder } from './metrics.generated.js';

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

export function readColumns(value: unknown, what = 'columns'): UncheckedColumns {
  const source = readObject(value, what);
  return {
    deviceId: readProperty(source, 'deviceId', what),
    timestampsMs: readProperty(source, 'timestampsMs', what),
    simulated: readProperty(source, 'simulated', what),
    values: recordedOrder.map((key) => readProperty(source, key, what)),
  };
}

/** A column as numbers; no code of a user runs when it is looked at. */
export interface Numbers {
  readonly key: MetricKey | 'timestampsMs';
  readonly values: Float64Array;
  /** 1: known, 0: NaN stands in for it. Undefined: all are known. */
  readonly known: Uint8Array | undefined;
  /** The first item that is no number where one must be. */
  readonly wrong: { readonly position: number; readonly value: unknown } | undefined;
}

export interface ReadColumns {
  readonly times: Numbers;
  readonly metrics: readonly (Numbers & { readonly key: MetricKey })[];
}

/**
 * Reads all items; none is checked yet.
 * @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_OUT_OF_RANGE: lengths that differ
 */
export function readItems({ timestampsMs, values }: UncheckedColumns): ReadColumns {
  const times = { key: 'timestampsMs' as const, ...readNumbers(timestampsMs, 'timestampsMs') };
  const metrics = recordedOrder.flatMap((key, index) => {
    const column = values[index];
    return column === undefined ? [] : [{ key, ...readNumbers(column, key) }];
  });
  // Compared once all are read: items of a proxy may take the memory of another column away.
  const { length } = times.values;
  const other = metrics.find((column) => column.values.length !== length);
  if (other === undefined) return { times, metrics };
  const expected = `${length}, as many as timestampsMs`;
  throw outOfRange(`columns.${other.key}.length`, expected, other.values.length);
}

function readNumbers(column: unknown, key: MetricKey | 'timestampsMs'): Omit<Numbers, 'key'> {
  const what = `columns.${key}`;
  if (types.isFloat64Array(column)) {
    return { values: steadyView(column), known: undefined, wrong: undefined };
  }
  if (!isArray(column)) throw wrongType(what, 'a Float64Array or an array', column);
  const length = readSafely(what, () => column.length);
  readNumber(length, `${what}.length`, { minimum: 0, maximum: maxArrayLength, integer: true });
  return readSafely(what, () => copyItems(column, length, key === 'timestampsMs'));
}

function copyItems(
  column: readonly unknown[],
  length: number,
  allKnown: boolean,
): Omit<Numbers, 'key'> {
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
    if (value !== undefined || allKnown) wrong ??= { position, value };
  }
  return { values, known, wrong };
}

const typedArray: object = Object.getPrototypeOf(Float64Array.prototype);

/** What a typed array really has, whatever a subclass says of itself. */
function intrinsic<T>(array: Float64Array, name: 'buffer' | 'byteOffset' | 'length'): T {
  return Reflect.get(typedArray, name, array) as T;
}

/** The same memory, or a copy where another thread may write to it after it was checked. */
function steadyView(array: Float64Array): Float64Array {
  const buffer = intrinsic<ArrayBuffer>(array, 'buffer');
  const length = intrinsic<number>(array, 'length');
  if (length === 0) return new Float64Array(0);
  const view = new Float64Array(buffer, intrinsic<number>(array, 'byteOffset'), length);
  return types.isSharedArrayBuffer(buffer) ? view.slice() : view;
}
