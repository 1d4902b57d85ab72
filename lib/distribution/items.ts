import { types } from 'node:util';
import { isArray, maxArrayLength, readNumber, readSafely, wrongType } from '../arguments.js';
import { GPUError } from '../errors.js';

/** Items that lie in a typed array; their lists are views of it. */
export type TypedItems =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A list of items: an array, or a view of a typed one. */
export type ItemList<T> = ArrayLike<T> & Iterable<T>;

/** Places in the items, in ascending order. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What is shared out, not looked at yet: its items are read when somebody asks for them. */
export interface Items {
  readonly length: number;
  /** Undefined: a number of equal items, which are 0, 1, and so on. */
  readonly source: readonly unknown[] | TypedItems | undefined;
}

/** Places are kept in 32 bits, and the last stands for none. */
export const mostEqualItems: number = 2 ** 32 - 1;

/**
 * An array, a typed array, or how many equal items there are.
 * @throws TypeError ERR_GPU_INVALID_TYPE;
 * RangeError ERR_GPU_OUT_OF_RANGE: too many, or a number that counts nothing.
 */
export function readItems(value: unknown, what: string): Items {
  if (typeof value === 'number') {
    readNumber(value, what, { minimum: 0, maximum: mostEqualItems, integer: true });
    return { length: value + 0, source: undefined }; // -0 is 0
  }
  return readList(value, what, 'an array, a typed array or a number');
}

/** An array or a typed array. @throws as `readItems` */
export function readList(value: unknown, what: string, expected = 'an array'): Items {
  if (isTyped(value)) return { length: checkLength(value.length, what), source: value };
  if (!isArray(value)) throw wrongType(what, expected, value);
  return { length: lengthOf(value, what), source: value };
}

/** @throws GPUError ERR_GPU_ITEMS_CHANGED: there are more or fewer than were planned for */
export function sliceItems({ length, source }: Items, span: Span): ItemList<unknown> {
  if (source === undefined) return rangeOf(span);
  requireLength(source, length);
  if (isTyped(source)) return source.subarray(span.start, span.end) as ItemList<unknown>;
  return listOf(source, span, 'items');
}

/** @throws as `sliceItems` */
export function gatherItems({ length, source }: Items, indices: Uint32Array): ItemList<unknown> {
  if (source === undefined) return Array.from(indices);
  requireLength(source, length);
  if (isTyped(source)) return gatherTyped(source, indices);
  return readSafely('items', () => {
    const list: unknown[] = [];
    for (let at = 0; at < indices.length; at += 1) list.push(source[indices[at] as number]);
    return list;
  });
}

function gatherTyped(source: TypedItems, indices: Uint32Array): ItemList<unknown> {
  const list = source.slice(0, indices.length);
  for (let at = 0; at < indices.length; at += 1) {
    list[at] = source[indices[at] as number] as never;
  }
  return list as ItemList<unknown>;
}

function isTyped(value: unknown): value is TypedItems {
  return types.isTypedArray(value);
}

function requireLength(source: readonly unknown[] | TypedItems, length: number): void {
  const now = isTyped(source) ? source.length : lengthOf(source, 'items');
  if (now === length) return;
  throw new GPUError(
    'ERR_GPU_ITEMS_CHANGED',
    `expected the ${length} items that were distributed, but there are ${now} now`,
    { hint: 'use distributeWorkload(), which takes the items at once' },
  );
}

function lengthOf(value: readonly unknown[], what: string): number {
  return checkLength(
    readSafely(what, () => value.length),
    what,
  );
}

function checkLength(length: number, what: string): number {
  const rule = { minimum: 0, maximum: maxArrayLength, integer: true } as const;
  return readNumber(length, `${what}.length`, rule);
}

/** By index: a hole becomes an undefined item, and no code of a subclass runs. */
function listOf(source: readonly unknown[], { start, end }: Span, what: string): unknown[] {
  return readSafely(what, () => {
    const list: unknown[] = [];
    for (let index = start; index < end; index += 1) list.push(source[index]);
    return list;
  });
}

/** @throws RangeError ERR_GPU_OUT_OF_RANGE: one longer would end the process */
export function requireListable(count: number, what: string): void {
  readNumber(count, what, { maximum: maxArrayLength });
}

function rangeOf({ start, end }: Span): number[] {
  requireListable(end - start, 'number of items in a list');
  const list: number[] = [];
  for (let index = start; index < end; index += 1) list.push(index);
  return list;
}
