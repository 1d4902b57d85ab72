import { types } from 'node:util';
import {
  describeValue,
  readNonEmptyString,
  readNumber,
  readProperty,
  readWord,
  wrongType,
} from '../arguments.js';
import { typeError } from '../errors.js';
import { type CheckedLimits, readLimits } from './device-limits.js';
import { type ItemValues, readItemKeys, readItemNumbers } from './item-values.js';
import { type Items, requireListable } from './items.js';
import { type JobSettings, usualSettings } from './job.js';
import {
  type DistributionStrategy,
  type ItemKey,
  type OwnStrategy,
  readStrategy,
  type SharingOptions,
} from './strategy.js';

export type SharingKey = keyof SharingOptions;

/** An object, so that the compiler misses a key that is not there. */
const allKeys: Readonly<Record<SharingKey, true>> = {
  strategy: true,
  rounding: true,
  costs: true,
  bytes: true,
  keys: true,
  maxPerDevice: true,
  limits: true,
  minPerDevice: true,
  startFrom: true,
  improve: true,
  placement: true,
  maxLoadRatio: true,
  hashing: true,
  overflow: true,
};

export const sharingKeys: readonly SharingKey[] = Object.keys(allKeys) as SharingKey[];

/** SharingOptions with everything decided that no item says. */
export interface Sharing {
  readonly strategy: DistributionStrategy | OwnStrategy;
  readonly maxPerDevice: number;
  readonly limits: ReadonlyMap<string, CheckedLimits> | undefined;
  /** Whether the work that devices have counts. */
  readonly startsFromLoad: boolean;
  readonly mayLeaveOver: boolean;
  readonly settings: JobSettings;
  /** Not read yet: that takes items. */
  readonly costs: unknown;
  readonly bytes: unknown;
  readonly keys: unknown;
}

/** What a sharing says of the items of one workload. */
export interface SharedItems {
  readonly costs: ItemValues;
  readonly bytes: ItemValues;
  readonly keys: readonly ItemKey[] | undefined;
}

interface Given {
  get(key: SharingKey): unknown;
}

/** @throws TypeError, RangeError naming the option */
export function readSharing(given: Given): Sharing {
  const strategy = readAnyStrategy(given.get('strategy'));
  const limits = given.get('limits');
  const usual = strategy === 'least-loaded' || strategy === 'cost' ? 'load' : 'idle';
  const sharing: Sharing = {
    strategy,
    maxPerDevice: readMaxPerDevice(given.get('maxPerDevice')),
    limits: limits === undefined ? undefined : readLimits(limits, 'options.limits'),
    startsFromLoad: word(given, 'startFrom', { words: ['idle', 'load'], usual }) === 'load',
    mayLeaveOver:
      word(given, 'overflow', { words: ['return', 'throw'], usual: 'return' }) === 'return',
    settings: readSettings(given),
    costs: given.get('costs'),
    bytes: given.get('bytes'),
    keys: given.get('keys'),
  };
  if (strategy === 'memory' && sharing.bytes === undefined) {
    const message = 'options.bytes: expected what items take, as memory is shared out, got none';
    throw typeError('ERR_GPU_MISSING_OPTION', message);
  }
  if (strategy === 'hash' && sharing.settings.minPerDevice > 1) {
    const message = 'options.minPerDevice: expected none with hash, which knows no batches';
    throw typeError('ERR_GPU_UNKNOWN_OPTION', message);
  }
  return sharing;
}

/** Runs the user's functions. @throws as the readers of items' numbers and keys */
export function readSharedItems(sharing: Sharing, items: Items): SharedItems {
  const { costs, bytes, keys, strategy } = sharing;
  const numbers = (value: unknown, usual: number, what: string) =>
    value === undefined ? { same: usual, each: undefined } : readItemNumbers(value, items, what);
  const needsKeys = strategy === 'locality' || strategy === 'hash' || keys !== undefined;
  const isEach = [costs, bytes].some((value) => value !== undefined && typeof value !== 'number');
  if (isEach || needsKeys) requireListable(items.length, 'workload, item by item');
  return {
    costs: numbers(costs, 1, 'options.costs'),
    bytes: numbers(bytes, 0, 'options.bytes'),
    keys: needsKeys ? readItemKeys(keys, items, 'options.keys') : undefined,
  };
}

/** The most items a device takes; Infinity when absent. */
export function readMaxPerDevice(value: unknown): number {
  if (value === undefined) return Infinity;
  return readNumber(value, 'options.maxPerDevice', { minimum: 1, integer: true });
}

function readAnyStrategy(value: unknown): DistributionStrategy | OwnStrategy {
  if (typeof value !== 'object' || value === null) return readStrategy(value);
  const what = 'options.strategy';
  const assign = readProperty(value, 'assign', what);
  if (typeof assign !== 'function') return readStrategy(value);
  return {
    name: readNonEmptyString(readProperty(value, 'name', what), `${what}.name`),
    assign: (job) => Reflect.apply(assign, value, [job]),
  };
}

function readSettings(given: Given): JobSettings {
  const number = (key: SharingKey, usual: number, rule: object) => {
    const value = given.get(key);
    return value === undefined ? usual : readNumber(value, `options.${key}`, rule);
  };
  const improve = given.get('improve') ?? usualSettings.improve;
  if (typeof improve !== 'boolean') throw wrongType('options.improve', 'true or false', improve);
  const { rounding, minPerDevice, hashing, maxLoadRatio } = usualSettings;
  return {
    rounding: word(given, 'rounding', {
      words: ['makespan', 'largest-remainder'],
      usual: rounding,
    }),
    minPerDevice: number('minPerDevice', minPerDevice, { minimum: 1, integer: true }),
    improve,
    hashing: word(given, 'hashing', { words: ['rendezvous', 'jump'], usual: hashing }),
    placement: readPlacement(given.get('placement')),
    maxLoadRatio: number('maxLoadRatio', maxLoadRatio, { minimum: 1, orInfinity: true }),
  };
}

function word<W extends string>(
  given: Given,
  key: SharingKey,
  { words, usual }: { readonly words: readonly W[]; readonly usual: W },
): W {
  const value = given.get(key);
  return value === undefined ? usual : readWord<W>(value, `options.${key}`, { words });
}

/** A copy: who changes the map later changes no plan. */
function readPlacement(value: unknown): ReadonlyMap<ItemKey, string> | undefined {
  if (value === undefined) return undefined;
  const what = 'options.placement';
  if (!types.isMap(value)) throw wrongType(what, 'a Map of device ids by key', value);
  const placement = new Map<ItemKey, string>();
  for (const [key, deviceId] of Map.prototype.entries.call(value)) {
    if (typeof key !== 'string' && typeof key !== 'number') {
      throw wrongType(`${what}: key`, 'a text or a number', key);
    }
    placement.set(key, readNonEmptyString(deviceId, `${what}[${describeValue(key)}]`));
  }
  return placement;
}
