// Checked readers for what users hand in. Each reads a property once, runs no user code later than
// that, and refuses with what was expected and what came.
import { types } from 'node:util';
import { type CodedError, type ErrorCode, rangeError, typeError } from './errors.js';

/** What a number must satisfy. NaN never does; Infinity only where `orInfinity` says so. */
export interface NumberRule {
  readonly minimum?: number;
  /** Greater than this, not equal to it. */
  readonly above?: number;
  readonly maximum?: number;
  readonly integer?: true;
  readonly orInfinity?: true;
}

/** The most items that one array argument may hold: 2^26. */
export const maxArrayLength: number = 2 ** 26;

const longestQuote = 60;

/** How a value is named in a message. Never runs user code and never throws. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= longestQuote
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, longestQuote))}... (${value.length} characters)`;
    case 'bigint':
      return 'a bigint';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : isArray(value) ? 'an array' : 'an object';
    default:
      return String(value);
  }
}

/** Array.isArray, which throws on a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function mismatch(what: string, expected: string, value: unknown): string {
  return `${what}: expected ${expected}, got ${describeValue(value)}`;
}

/** A value of the wrong type, as an error to throw. */
export function wrongType(what: string, expected: string, value: unknown): TypeError & CodedError {
  return typeError('ERR_GPU_INVALID_TYPE', mismatch(what, expected, value));
}

/** A value outside what is allowed, as an error to throw. */
export function outOfRange(
  what: string,
  expected: string,
  value: unknown,
): RangeError & CodedError {
  return rangeError('ERR_GPU_OUT_OF_RANGE', mismatch(what, expected, value));
}

/** A value whose reading threw, as an error to throw. */
export function unreadable(what: string, cause: unknown): TypeError {
  const message = `${what}: expected a readable value, but reading threw`;
  return typeError('ERR_GPU_INVALID_TYPE', message, { cause });
}

/** Runs `read`, which may run user code (getters, proxies); what that throws becomes a cause. */
export function readSafely<R>(what: string, read: () => R): R {
  try {
    return read();
  } catch (cause) {
    throw unreadable(what, cause);
  }
}

export function readSignal(value: unknown, what = 'options.signal'): AbortSignal | undefined {
  if (value === undefined) return undefined;
  // Reading `aborted` refuses an object that only inherits from AbortSignal.
  const isSignal = (given: unknown): given is AbortSignal =>
    readSafely(what, () => given instanceof AbortSignal && given.aborted !== undefined);
  if (!isSignal(value)) throw wrongType(what, 'an AbortSignal', value);
  return value;
}

/** Each item of an iterable, one at a time; what its iterator throws becomes a cause. */
export function* readEach<T>(values: Iterable<T>, what: string): Generator<T> {
  const isObject = typeof values === 'object' && values !== null;
  const iterate = isObject ? readSafely(what, () => values[Symbol.iterator]) : undefined;
  if (typeof iterate !== 'function') throw wrongType(what, `an iterable of ${what}`, values);
  try {
    for (const value of { [Symbol.iterator]: () => iterate.call(values) }) yield value;
  } catch (cause) {
    throw unreadable(what, cause);
  }
}

/** An object that is neither null, an array nor a function. */
export function readObject(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || isArray(value)) {
    throw wrongType(what, 'an object', value);
  }
  return value;
}

export function readProperty(source: object, key: string, what: string): unknown {
  return readSafely(`${what}.${key}`, () => Reflect.get(source, key));
}

/**
 * The named options of an options object; absent and undefined are the same. Any other own
 * enumerable key is refused with ERR_GPU_UNKNOWN_OPTION.
 */
export function readOptions<K extends string>(
  value: unknown,
  allowed: readonly K[],
  what = 'options',
): ReadonlyMap<K, unknown> {
  const options = new Map<K, unknown>();
  if (value === undefined) return options;
  const source = readObject(value, what);
  const names: readonly string[] = allowed;
  const isAllowed = (key: string): key is K => names.includes(key);
  const own: K[] = [];
  for (const key of readSafely(what, () => Object.keys(source))) {
    if (!isAllowed(key)) {
      throw typeError(
        'ERR_GPU_UNKNOWN_OPTION',
        `${what}: expected only ${names.join(', ')}, got ${describeValue(key)}`,
      );
    }
    own.push(key);
  }
  let reading: K | undefined;
  try {
    for (const key of inheritsNothing(source) ? own : allowed) {
      reading = key;
      const option = Reflect.get(source, key);
      if (option !== undefined) options.set(key, option);
    }
  } catch (cause) {
    throw unreadable(`${what}.${reading}`, cause);
  }
  return options;
}

/** Whether all that it says is its own. */
function inheritsNothing(source: object): boolean {
  if (types.isProxy(source)) return false;
  const prototype: unknown = Object.getPrototypeOf(source);
  return prototype === Object.prototype || prototype === null;
}

export function readString(value: unknown, what: string): string {
  if (typeof value !== 'string') throw wrongType(what, 'a string', value);
  return value;
}

export function readNonEmptyString(value: unknown, what: string): string {
  if (typeof value !== 'string') throw wrongType(what, 'a non-empty string', value);
  if (value === '') throw outOfRange(what, 'a non-empty string', value);
  return value;
}

/** A non-empty string that native code gets whole: a NUL character would end it there. */
export function readNativeString(value: unknown, what: string): string {
  const text = readNonEmptyString(value, what);
  if (text.includes('\0')) throw outOfRange(what, 'a string without NUL characters', value);
  return text;
}

export function readNumber(value: unknown, what: string, rule: NumberRule = {}): number {
  const refusal = numberRefusal(value, what, rule);
  if (refusal !== undefined) throw refusal;
  return value as number;
}

/** Why a value is not the number that it must be, as an error to throw. Undefined: it is. */
export function numberRefusal(
  value: unknown,
  what: string,
  rule: NumberRule,
): CodedError | undefined {
  if (typeof value !== 'number') return wrongType(what, describeRule(rule), value);
  const { minimum = -Infinity, above = -Infinity, maximum = Infinity } = rule;
  const finite = Number.isFinite(value) || (rule.orInfinity === true && value === Infinity);
  const within = value >= minimum && value <= maximum && (value > above || above === -Infinity);
  if (finite && within && (rule.integer !== true || Number.isInteger(value))) return undefined;
  return outOfRange(what, describeRule(rule), value);
}

function describeRule(rule: NumberRule): string {
  const noun = rule.integer ? 'an integer' : rule.orInfinity ? 'a number' : 'a finite number';
  const bounds: string[] = [];
  if (rule.above !== undefined) bounds.push(`above ${rule.above}`);
  if (rule.minimum !== undefined) bounds.push(`of at least ${rule.minimum}`);
  if (rule.maximum !== undefined) bounds.push(`of at most ${rule.maximum}`);
  return [noun, bounds.join(' and ')].filter((part) => part !== '').join(' ');
}

/** One of a fixed set of words; anything else, of whatever type, is refused with `code`. */
export function readWord<W extends string>(
  value: unknown,
  what: string,
  rule: { readonly words: readonly W[]; readonly code?: ErrorCode },
): W {
  const word = rule.words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  const expected = rule.words.map((name) => describeValue(name)).join(' or ');
  throw rangeError(rule.code ?? 'ERR_GPU_OUT_OF_RANGE', mismatch(what, expected, value));
}

/** A copy of an array, taken by index: a hole becomes an undefined item, none is lost. */
export function readArray<T>(value: readonly T[], what: string): T[] {
  if (!isArray(value)) throw wrongType(what, 'an array', value);
  const length = readSafely(what, () => value.length);
  readNumber(length, `${what}.length`, { minimum: 0, maximum: maxArrayLength, integer: true });
  return readSafely(what, () => {
    const copy: T[] = [];
    for (let index = 0; index < length; index += 1) copy.push(value[index] as T);
    return copy;
  });
}

/** A function, which may be a class: what it does when it is called is not known. */
export function readFunction<F extends (...values: never[]) => unknown>(
  value: unknown,
  what: string,
): F {
  if (typeof value === 'function') return value as F;
  throw wrongType(what, 'a function', value);
}

/**
 * A frozen copy of an object of strings: its own enumerable keys. A map or a promise has none, and
 * would pass for an empty object.
 */
export function readStringRecord(value: unknown, what: string): Readonly<Record<string, string>> {
  const source = readObject(value, what);
  const kind = types.isMap(source) ? 'a Map' : types.isPromise(source) ? 'a promise' : undefined;
  if (kind !== undefined) {
    throw typeError('ERR_GPU_INVALID_TYPE', `${what}: expected an object of strings, got ${kind}`);
  }
  const keys = readSafely(what, () => Object.keys(source));
  const entries = keys.map((key) => [
    key,
    readString(readProperty(source, key, what), `${what}.${key}`),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}
