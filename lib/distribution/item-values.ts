// What is said of items, one number or key each, read before anything is planned.
import { types } from 'node:util';
import { isArray, numberRefusal, readNumber, readSafely, wrongType } from '../arguments.js';
import { rangeError, typeError } from '../errors.js';
import type { Items } from './items.js';
import type { ItemKey } from './strategy.js';

/** One number for every item, or one each. */
export interface ItemValues {
  readonly same: number;
  /** Absent: all have `same`. */
  readonly each: Float64Array | undefined;
}

const amount = { minimum: 0 } as const;
/** Sums of costs and loads stay finite, whatever order they are added in. */
const greatestSum = 2 ** 1000;

/**
 * The same number for all, a list of them, or a function of an item and its place. Items that turn
 * out to have the same are the first case.
 * @throws RangeError ERR_GPU_OUT_OF_RANGE naming the item's place, ERR_GPU_LENGTH_MISMATCH
 * @throws TypeError ERR_GPU_INVALID_TYPE; also what the function throws, as the cause
 */
export function readItemNumbers(value: unknown, items: Items, what: string): ItemValues {
  if (typeof value === 'number') {
    const same = readNumber(value, what, amount) + 0;
    requireSum(same * items.length, what);
    return { same, each: undefined };
  }
  const valueAt = readerOf(value, items, { what, expected: 'a number, an array of numbers' });
  const each = new Float64Array(items.length);
  const sumOfDoubles = types.isFloat64Array(value) ? copyDoubles(value, each) : NaN;
  if (sumOfDoubles <= greatestSum) return valuesOf(each);
  let sum = 0;
  for (let index = 0; index < each.length; index += 1) {
    const given = valueAt(index);
    // The name of each would cost more than the rest: only what is wrong is named.
    if (!(typeof given === 'number' && given >= 0 && given < Infinity)) {
      throw numberRefusal(given, `${what}[${index}]`, amount) ?? wrongType(what, 'numbers', given);
    }
    each[index] = given + 0; // -0 is 0
    sum += given;
  }
  requireSum(sum, what);
  return valuesOf(each);
}

/** @throws RangeError ERR_GPU_OUT_OF_RANGE */
export function requireSum(sum: number, what: string): void {
  if (sum <= greatestSum) return;
  throw rangeError('ERR_GPU_OUT_OF_RANGE', `${what}: expected a sum of at most 2^1000, got more`);
}

/** Their sum; NaN: one of them is negative or none. */
function copyDoubles(value: Float64Array, each: Float64Array): number {
  each.set(value);
  let sum = 0;
  for (let index = 0; index < each.length; index += 1) {
    const given = each[index] as number;
    if (!(given >= 0)) return NaN;
    if (given === 0) each[index] = 0; // not -0
    sum += given;
  }
  return sum;
}

function valuesOf(each: Float64Array): ItemValues {
  const [first] = each;
  if (first === undefined || each.some((value) => value !== first)) return { same: NaN, each };
  return { same: first, each: undefined };
}

/** @throws as `readItemNumbers`; TypeError ERR_GPU_MISSING_OPTION: items are no keys themselves */
export function readItemKeys(value: unknown, items: Items, what: string): ItemKey[] {
  const isGiven = value !== undefined;
  const valueAt = isGiven
    ? readerOf(value, items, { what, expected: 'an array of texts or numbers' })
    : itemReader(items);
  const keys: ItemKey[] = [];
  for (let index = 0; index < items.length; index += 1) {
    const key = valueAt(index);
    if (typeof key === 'string' || (typeof key === 'number' && !Number.isNaN(key))) keys.push(key);
    else if (isGiven) throw wrongType(`${what}[${index}]`, 'a text or a number', key);
    else throw missingKeys(what, index);
  }
  return keys;
}

function missingKeys(what: string, index: number): TypeError {
  return typeError(
    'ERR_GPU_MISSING_OPTION',
    `${what}: expected a key for every item, got none, and items[${index}] is no text or number`,
  );
}

type ValueReader = (index: number) => unknown;

function readerOf(
  value: unknown,
  items: Items,
  { what, expected }: { readonly what: string; readonly expected: string },
): ValueReader {
  if (typeof value === 'function') {
    const itemAt = itemReader(items);
    return (index) =>
      readSafely(`${what}(items[${index}])`, () => value(itemAt(index), index) as unknown);
  }
  if (!types.isTypedArray(value) && !isArray(value)) {
    throw wrongType(what, `${expected} or a function`, value);
  }
  const list: ArrayLike<unknown> = value;
  const length = readSafely(what, () => list.length);
  if (length !== items.length) {
    throw rangeError(
      'ERR_GPU_LENGTH_MISMATCH',
      `${what}: expected ${items.length}, one for each item, got ${length}`,
    );
  }
  if (types.isTypedArray(value)) return (index) => list[index];
  return (index) => readSafely(`${what}[${index}]`, () => list[index]);
}

/** Items as they are now; those of a count are their places. */
function itemReader({ source }: Items): ValueReader {
  if (source === undefined) return (index) => index;
  if (types.isTypedArray(source)) return (index) => source[index];
  return (index) => readSafely(`items[${index}]`, () => source[index]);
}
