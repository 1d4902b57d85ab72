import { readNumber, readOptions } from '../arguments.js';
import type { ReportedLoad } from '../selection/device-view.js';

const keys = [
  'queue',
  'running',
  'kvCacheUtilizationPercent',
  'latencyMs',
  'timestampMs',
] as const satisfies readonly (keyof ReportedLoad)[];

/** @throws TypeError, RangeError naming the key */
export function readReportedLoad(value: unknown, nowMs: number): ReportedLoad {
  const given = readOptions(value, keys, 'load');
  const load: { -readonly [K in keyof ReportedLoad]: ReportedLoad[K] } = { timestampMs: nowMs };
  for (const key of keys) {
    const amount = given.get(key);
    if (amount === undefined) continue;
    const maximum = key === 'kvCacheUtilizationPercent' ? 100 : Number.MAX_VALUE;
    load[key] = readNumber(amount, `load.${key}`, { minimum: 0, maximum });
  }
  return Object.freeze(load);
}
