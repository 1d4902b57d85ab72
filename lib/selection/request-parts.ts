// Checked readers for the parts of a request that are more than a number or a word.
import { types } from 'node:util';
import {
  describeValue,
  isArray,
  outOfRange,
  readArray,
  readNonEmptyString,
  readObject,
  readProperty,
  readSafely,
  readWord,
  wrongType,
} from '../arguments.js';
import { rangeError } from '../errors.js';
import type { ComputeCapability } from './criteria.js';
import type { SelectionFilter, SelectionPolicy } from './device-view.js';
import { parseVersion } from './filters/identity.js';
import { policyNames, type SelectionPolicyName } from './request.js';

function readItems(value: unknown, what: string): readonly unknown[] {
  if (!isArray(value)) throw wrongType(what, 'an array', value);
  return readArray(value, what);
}

export function readVersion(value: unknown, what: string): ComputeCapability {
  if (typeof value !== 'string') throw wrongType(what, "a string such as '8.0'", value);
  const version = parseVersion(value);
  if (version === undefined) throw outOfRange(what, "a version such as '8.0'", value);
  return version;
}

/** @throws RangeError ERR_GPU_DUPLICATE_DEVICE for an id that comes twice. */
export function readDeviceIds(value: unknown, what: string): ReadonlySet<string> {
  const deviceIds = new Set<string>();
  for (const [index, item] of readItems(value, what).entries()) {
    const deviceId = readNonEmptyString(item, `${what}[${index}]`);
    if (deviceIds.has(deviceId)) {
      const message = `${what}[${index}]: expected each once, got ${describeValue(deviceId)}`;
      throw rangeError('ERR_GPU_DUPLICATE_DEVICE', `${message} again`);
    }
    deviceIds.add(deviceId);
  }
  return deviceIds;
}

/** Texts and patterns as patterns of our own, which keep no place between tests. */
export function readNames(value: unknown, what: string): readonly RegExp[] {
  return readItems(value, what).map((item, index) => {
    const place = `${what}[${index}]`;
    if (types.isRegExp(item)) {
      return readSafely(place, () => new RegExp(item.source, item.flags.replace(/[gy]/g, '')));
    }
    if (typeof item !== 'string') throw wrongType(place, 'a string or a RegExp', item);
    const text = readNonEmptyString(item, place);
    return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'i');
  });
}

const hasMethod = (source: object, key: string, what: string): boolean => {
  const method = readProperty(source, key, what);
  if (method === undefined) return false;
  if (typeof method !== 'function') throw wrongType(`${what}.${key}`, 'a function', method);
  return true;
};

function named(source: object, what: string): string {
  return readNonEmptyString(readProperty(source, 'name', what), `${what}.name`);
}

function readMethod(source: object, key: string, what: string): void {
  if (!hasMethod(source, key, what)) throw wrongType(`${what}.${key}`, 'a function', undefined);
}

/** A function is a filter that has the function's name. */
export function readFilters(value: unknown, what: string): readonly SelectionFilter[] {
  return readItems(value, what).map((item, index) => {
    const place = `${what}[${index}]`;
    if (typeof item === 'function') {
      const reject = item as SelectionFilter['reject'];
      return { name: nameOf(item, { what: place, otherwise: `${index}` }), reject };
    }
    const source = readObject(item, place);
    const name = named(source, place);
    readMethod(source, 'reject', place);
    const filter = source as SelectionFilter;
    return { name, reject: (view, context) => filter.reject(view, context) };
  });
}

function nameOf(
  given: object,
  { what, otherwise }: { readonly what: string; readonly otherwise: string },
): string {
  const name = readProperty(given, 'name', what);
  return typeof name === 'string' && name !== '' ? name : otherwise;
}

/**
 * A name, a policy of the user's, or a function that is its cost.
 * @throws RangeError ERR_GPU_UNKNOWN_POLICY for any other value.
 */
export function readPolicy(value: unknown, what: string): SelectionPolicyName | SelectionPolicy {
  if (typeof value === 'function') {
    const cost = value as SelectionPolicy['cost'];
    return { name: nameOf(value, { what, otherwise: 'custom' }), cost };
  }
  if (typeof value !== 'object' || value === null || isArray(value)) {
    return readWord(value, what, { words: policyNames, code: 'ERR_GPU_UNKNOWN_POLICY' });
  }
  const name = named(value, what);
  readMethod(value, 'cost', what);
  const picks = hasMethod(value, 'pick', what);
  const policy = value as SelectionPolicy;
  return {
    name,
    cost: (view, context) => policy.cost(view, context),
    ...(picks && { pick: (candidates, context) => policy.pick?.(candidates, context) }),
  };
}
