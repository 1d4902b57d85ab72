import { describe, expect, it } from 'vitest';
import type { Dispatchers } from '../../../lib/replay/engine.js';
import { type ReplaySettings, type ReplayStage, replay } from '../../../lib/replay/replay.js';
import type { GpuModel, ReplayGpu } from '../../../lib/replay/scenario.js';
import type { Recording } from '../../../lib/replay/trace.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { leastInFlight } from '../../support/least-in-flight.js';

const model: GpuModel = {
  name: 'modelled',
  speed: 1,
  memoryBytes: 2 ** 34,
  idleWatts: 50,
  fullWatts: 250,
  idleCelsius: 30,
  fullCelsius: 70,
};

function settingsFor(gpus: readonly ReplayGpu[], others: Partial<ReplaySettings> = {}) {
  return {
    scenario: { name: 'test', gpus },
    seed: 1,
    telemetryMs: 1000,
    load: 0.5,
    burst: 1,
    seconds: 100,
    dispatchers: 1,
    serviceMs: 200,
    memoryBytes: 0,
    ...others,
  };
}

const one: readonly ReplayGpu[] = [{ model }];

/** Others use half of it, and the sensors said so. */
const halfBusy: Recording = {
  name: 'half',
  startsMs: [0, 500],
  periodMs: 1000,
  columns: { computeUtilizationPercent: [50, 50], temperatureCelsius: [40, undefined] },
};

describe('a queue that theory knows', () => {
  // M/M/1 with batches of a geometric number: mean service x mean batch / (1 - load).
  it.each([
    { load: 0.5, burst: 1, expectedMs: 400 },
    { load: 0.5, burst: 2, expectedMs: 800 },
    { load: 0.8, burst: 1, expectedMs: 1000 },
  ])('load $load, bursts of $burst: $expectedMs ms', ({ load, burst, expectedMs }) => {
    const settings = settingsFor(one, { load, burst, seconds: 40_000, telemetryMs: 1e6 });
    const { meanMs = 0, requests } = replay(settings, leastInFlight);
    expect(requests / (load * 5 * 40_000)).toBeCloseTo(1, 1);
    expect(meanMs / expectedMs).toBeGreaterThan(0.95);
    expect(meanMs / expectedMs).toBeLessThan(1.05);
  });

  it('what others use of a GPU is missing', () => {
    const settings = (gpu: ReplayGpu) => settingsFor([gpu], { seconds: 20_000, telemetryMs: 1e6 });
    const free = replay(settings({ model }), leastInFlight);
    const half = replay(settings({ model, recording: halfBusy }), leastInFlight);
    // Half the capacity is half the requests at the same load, each twice as long.
    expect(half.requests / free.requests).toBeCloseTo(0.5, 1);
    expect((half.meanMs ?? 0) / (free.meanMs ?? 1)).toBeCloseTo(2, 0);
  });
});

/** Refuses everything and keeps what it was told. */
function witness(heard: GPUMetrics[], stages: ReplayStage[] = []) {
  return (stage: ReplayStage): Dispatchers => {
    stages.push(stage);
    return { acquire: () => undefined, publish: (samples) => heard.push(...samples) };
  };
}

describe('what is counted', () => {
  it('a refused request is no latency', () => {
    const figures = replay(settingsFor(one), witness([]));
    expect(figures).toMatchObject({ refused: figures.requests, imbalanceMs: 0, served: [0] });
    expect(figures.requests).toBeGreaterThan(100);
    expect(figures).not.toHaveProperty('meanMs');
    expect(figures).not.toHaveProperty('p99Ms');
  });

  it('energy is idle power and full power, by the time at work', () => {
    const settings = settingsFor([{ model }, { model }], { load: 0.25, seconds: 4000 });
    const { joules, endMs } = replay(settings, leastInFlight);
    const idle = (2 * 50 * endMs) / 1000;
    const busySeconds = 2 * 0.25 * 4000;
    expect((joules - idle) / (200 * busySeconds)).toBeCloseTo(1, 1);
  });

  it('each GPU serves by its speed, and none is forgotten', () => {
    const fast = { model: { ...model, speed: 3 } };
    const settings = settingsFor([...one, fast], { load: 0.8, seconds: 2000 });
    const { served, requests, refused } = replay(settings, leastInFlight);
    expect(served.reduce((sum, count) => sum + count, 0)).toBe(requests);
    expect(refused).toBe(0);
    expect((served[1] ?? 0) / (served[0] ?? 1)).toBeGreaterThan(2.5);
  });

  it('the same seed is the same run, another is another', () => {
    const run = (seed: number) => replay(settingsFor(one, { seed }), leastInFlight);
    expect(run(7)).toEqual(run(7));
    expect(run(8)).not.toEqual(run(7));
  });
});

describe('what policies are told', () => {
  it('is said every period, from the start until all is done, and says simulated', () => {
    const heard: GPUMetrics[] = [];
    replay(settingsFor(one, { seconds: 10, telemetryMs: 500 }), witness(heard));
    const times = heard.map(({ timestampMs }) => timestampMs - (heard[0]?.timestampMs ?? 0));
    expect(times.slice(0, 4)).toEqual([0, 500, 1000, 1500]);
    expect(times.at(-1)).toBeGreaterThanOrEqual(9000);
    expect(heard.every(({ simulated }) => simulated === true)).toBe(true);
  });

  it('is the recording where nothing else is going on, unknown where that is', () => {
    const heard: GPUMetrics[] = [];
    const settings = settingsFor([{ model, recording: halfBusy }], {
      seconds: 2,
      telemetryMs: 250,
    });
    replay(settings, witness(heard));
    const [, first, second] = heard;
    expect(first).toMatchObject({ computeUtilizationPercent: 50, temperatureCelsius: 40 });
    expect(first?.powerWatts).toBeCloseTo(150, -1);
    expect(second?.temperatureCelsius).toBe(50); // not recorded: modelled
    const silent = { ...halfBusy, columns: { computeUtilizationPercent: [undefined, 20] } };
    const told: GPUMetrics[] = [];
    const partly = settingsFor([{ model, recording: silent }], { seconds: 2, telemetryMs: 250 });
    replay(partly, witness(told));
    expect(told[1]).not.toHaveProperty('computeUtilizationPercent');
    expect(told[3]).toHaveProperty('computeUtilizationPercent');
  });

  it('shows the queue: utilisation, heat, power and memory of the requests there', () => {
    const heard: GPUMetrics[] = [];
    const settings = settingsFor(one, { load: 0.95, seconds: 100, memoryBytes: 2 ** 28 });
    replay(settings, (stage) => ({
      ...leastInFlight(stage),
      publish: (samples) => heard.push(...samples),
    }));
    const mean = (key: 'computeUtilizationPercent' | 'powerWatts') =>
      heard.reduce((sum, sample) => sum + (sample[key] ?? 0), 0) / heard.length;
    expect(mean('computeUtilizationPercent')).toBeGreaterThan(80);
    expect(mean('powerWatts')).toBeGreaterThan(200);
    expect(heard.some(({ temperatureCelsius = 0 }) => temperatureCelsius > 60)).toBe(true);
    const memories = heard.map(({ memoryUsedBytes = 0 }) => memoryUsedBytes / 2 ** 28);
    expect(Math.max(...memories)).toBeGreaterThan(2);
    expect(memories.every(Number.isInteger)).toBe(true);
  });

  it('is never twice the same power: a sensor that stands still is broken', () => {
    const heard: GPUMetrics[] = [];
    replay(settingsFor(one, { seconds: 60 }), witness(heard));
    expect(new Set(heard.map(({ powerWatts }) => powerWatts)).size).toBe(heard.length);
  });
});
