import { describe, expect, it } from 'vitest';
import { LiveSample, SampleReader } from '../../../lib/telemetry/live-sample.js';
import { metricTable } from '../../../lib/telemetry/metrics.generated.js';

const keys = metricTable.map(({ key }) => key);
const header = [7, 1000, 1_700_000_000_000];

function readerOf(metricKeys: readonly string[]): SampleReader {
  return new SampleReader({ metricKeys, tierEnds: [metricKeys.length] });
}

function filled(reader: SampleReader, values: readonly number[]): LiveSample {
  const sample = new LiveSample();
  sample.deviceId = 'a';
  reader.read({ words: Float64Array.from([...header, ...values]), at: 0, metricsAt: 3 }, sample);
  return sample;
}

describe('LiveSample', () => {
  it('names each number as the table does, and leaves out what is unknown', () => {
    const unknown = keys.length - 2;
    const values = keys.map((_, at) => (at === unknown ? Number.NaN : at));
    const entries = keys.map((key, at) => [key, at]).filter(([, at]) => at !== unknown);
    const sample = filled(readerOf(keys), values).at(1250);
    expect(Object.entries(sample)).toEqual([
      ['deviceId', 'a'],
      ['timestampMs', 1_700_000_000_000],
      ['ageMs', 250],
      ...entries,
    ]);
  });

  it('goes by names where the addon has another order, or not all of them', () => {
    const sample = filled(readerOf(['powerWatts', 'computeUtilizationPercent']), [300.5, 50]);
    expect(sample.at(0)).toStrictEqual({
      deviceId: 'a',
      timestampMs: 1_700_000_000_000,
      ageMs: 0,
      computeUtilizationPercent: 50,
      powerWatts: 300.5,
    });
  });

  it('makes plain objects, each on its own', () => {
    const kept = filled(
      readerOf(keys),
      keys.map((_, at) => at + 0.5),
    );
    kept.simulated = true;
    kept.estimated = ['energyJoules'];
    const [one, other] = [kept.at(1001), kept.at(1002)];
    expect(Object.getPrototypeOf(one)).toBe(Object.prototype);
    Object.assign(one, { powerWatts: -1 });
    Object.assign(one.estimated ?? [], ['fanSpeedPercent']);
    expect(other).toMatchObject({ ageMs: 2, powerWatts: 6.5, estimated: ['energyJoules'] });
    expect(kept.at(1001)).toMatchObject({ ageMs: 1, powerWatts: 6.5, simulated: true });
  });

  it('tells sets of known metrics apart, one after another in the same place', () => {
    const reader = readerOf(keys);
    const kept = new LiveSample();
    for (let turn = 0; turn < 200; turn++) {
      const isKnown = (at: number) => (turn * 7919 + at * 104_729) % 3 !== 0;
      const values = keys.map((_, at) => (isKnown(at) ? at + turn : Number.NaN));
      const words = Float64Array.from([...header, ...values]);
      reader.read({ words, at: 0, metricsAt: 3 }, kept);
      const { deviceId, timestampMs, ageMs, ...metrics } = kept.at(1000);
      const wanted = keys.map((key, at) => [key, at + turn]).filter((_, at) => isKnown(at));
      expect(metrics).toStrictEqual(Object.fromEntries(wanted));
    }
  });
});
