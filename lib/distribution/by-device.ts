import { types } from 'node:util';
import { readNonEmptyString, readSafely, wrongType } from '../arguments.js';

export interface ByDevice {
  readonly what: string;
  /** What there is one of for each device. */
  readonly noun: string;
}

/** Values by device id in the order given, ids checked, values not yet. */
export function readByDevice(value: unknown, { what, noun }: ByDevice): Map<string, unknown> {
  const expected = `a Map or a plain object of ${noun} by device id`;
  if (typeof value !== 'object' || value === null) throw wrongType(what, expected, value);
  const entries = readSafely(what, (): (readonly [unknown, unknown])[] | undefined => {
    if (types.isMap(value)) return [...Map.prototype.entries.call(value)];
    // A Date, a Set or a proxied Map would otherwise pass for an object without any.
    if (!isPlain(value)) return undefined;
    return Object.keys(value).map((key) => [key, Reflect.get(value, key)]);
  });
  if (entries === undefined) throw wrongType(what, expected, value);
  const values = new Map<string, unknown>();
  for (const [key, each] of entries) {
    values.set(readNonEmptyString(key, `${what}: device id`), each);
  }
  return values;
}

/** Of any realm: its prototype is null, or one that has none itself, as Object.prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
