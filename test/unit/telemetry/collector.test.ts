import { describe, expect, it } from 'vitest';
import { TelemetryCollector } from '../../../lib/telemetry/collector.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { numbers, sample, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

function record(collector: TelemetryCollector, times: readonly number[], deviceId = 'a') {
  for (const timestampMs of times) collector.recordMetrics(sample(deviceId, { timestampMs }));
}

function times(collector: TelemetryCollector, deviceId = 'a'): number[] {
  return collector.getMetricsHistory(deviceId).map(({ timestampMs }) => timestampMs);
}

describe('TelemetryCollector', () => {
  it('takes any device without registration, and knows nothing of others', () => {
    const collector = new TelemetryCollector();
    record(collector, [1], 'rocm:0');
    expect(collector.getMetrics('rocm:0')?.timestampMs).toBe(1);
    expect(collector.getMetrics('rocm:1')).toBeUndefined();
    expect(collector.getMetricsHistory('rocm:1')).toEqual([]);
  });

  it('keeps the newest 10 of 20 samples, oldest first', () => {
    const collector = new TelemetryCollector({ maxHistory: 10 });
    record(collector, numbers(20));
    expect(times(collector)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(collector.getMetrics('a')?.timestampMs).toBe(19);
  });

  it.each([1, 2, 3, 7])('keeps the order at every fill of a history of %i', (maxHistory) => {
    const collector = new TelemetryCollector({ maxHistory });
    for (const time of numbers(4 * maxHistory)) {
      record(collector, [time]);
      expect(times(collector)).toEqual(numbers(time + 1).slice(-maxHistory));
    }
  });

  it('keeps 100 samples by default, per device', () => {
    const collector = new TelemetryCollector();
    record(collector, numbers(150), 'a');
    record(collector, numbers(3), 'b');
    expect(times(collector, 'a')).toEqual(numbers(150).slice(50));
    expect(times(collector, 'b')).toEqual([0, 1, 2]);
  });

  it('takes any history length without reserving memory for it', () => {
    const collector = new TelemetryCollector({ maxHistory: Number.MAX_SAFE_INTEGER });
    record(collector, [1, 2]);
    expect(times(collector)).toEqual([1, 2]);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses maxHistory %o', (maxHistory) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => new TelemetryCollector({ maxHistory }));
  });

  it('refuses options that are none, or unknown', () => {
    refusal('ERR_GPU_INVALID_TYPE', () => new TelemetryCollector(untyped({ maxHistory: null })));
    refusal('ERR_GPU_INVALID_TYPE', () => new TelemetryCollector(untyped(10)));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => new TelemetryCollector(untyped({ maxhistory: 1 })));
  });

  it('refuses a sample older than the latest and keeps an equal one', () => {
    const collector = new TelemetryCollector();
    record(collector, [5, 5]);
    const message = refusal('ERR_GPU_TIMESTAMP_ORDER', () => record(collector, [4]));
    expect(message).toContain('at least 5');
    record(collector, [1], 'b');
    expect(times(collector)).toEqual([5, 5]);
  });

  it('is not changed through what was handed in or out', () => {
    const collector = new TelemetryCollector();
    const mine: { -readonly [K in keyof GPUMetrics]: GPUMetrics[K] } = sample('a');
    collector.recordMetrics(mine);
    mine.computeUtilizationPercent = 99;
    const history: GPUMetrics[] = untyped(collector.getMetricsHistory('a'));
    history.length = 0;
    expect(collector.getMetricsHistory('a')).toStrictEqual([sample('a')]);
    const out = collector.getMetrics('a');
    expect(Reflect.set(out ?? {}, 'computeUtilizationPercent', 99)).toBe(false);
  });

  it('forgets a device, the aggregate included', () => {
    const collector = new TelemetryCollector();
    record(collector, [1], 'a');
    record(collector, [1], 'b');
    expect(collector.removeDevice('a')).toBe(true);
    expect(collector.removeDevice('a')).toBe(false);
    expect(collector.getAggregatedMetrics()?.deviceCount).toBe(1);
    expect(collector.getMetrics('a')).toBeUndefined();
  });

  it('keeps device ids such as __proto__ apart from objects', () => {
    const collector = new TelemetryCollector();
    expect(collector.getMetrics('__proto__')).toBeUndefined();
    record(collector, [3], '__proto__');
    expect(times(collector, '__proto__')).toEqual([3]);
  });

  it('refuses a device id that is no string', () => {
    const collector = new TelemetryCollector();
    for (const id of [undefined, null, 1, {}, Symbol('a')]) {
      refusal('ERR_GPU_INVALID_TYPE', () => collector.getMetrics(untyped(id)));
      refusal('ERR_GPU_INVALID_TYPE', () => collector.getMetricsHistory(untyped(id)));
      refusal('ERR_GPU_INVALID_TYPE', () => collector.removeDevice(untyped(id)));
    }
  });
});
