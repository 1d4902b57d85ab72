import { describe, expect, it } from 'vitest';
import { policyNames } from '../../../lib/selection/request.js';
import { DeviceSelector } from '../../../lib/selection/selector.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { gpu, sample, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

function selectorOf(metrics: Readonly<Record<string, Partial<GPUMetrics>>>): DeviceSelector {
  return new DeviceSelector(
    Object.entries(metrics).map(([id, more]) => ({ device: gpu(id), metrics: sample(id, more) })),
  );
}

const [full, half] = [{ memoryUsedBytes: 20e9 }, { memoryUsedBytes: 12e9 }];

describe('DeviceSelector.rankDevices', () => {
  it('puts the highest score first, every score from 0 to 1', () => {
    const ranking = selectorOf({ a: full, b: {}, c: half }).rankDevices();
    expect(ranking.map(({ deviceId }) => deviceId)).toEqual(['b', 'c', 'a']);
    for (const { score } of ranking) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  });

  it('keeps the order of the entries where scores are equal', () => {
    const ranking = selectorOf({
      'cuda:10': {},
      'cuda:2': {},
      a: full,
      'cuda:1': {},
    }).rankDevices();
    expect(ranking.map(({ deviceId }) => deviceId)).toEqual(['cuda:10', 'cuda:2', 'cuda:1', 'a']);
  });

  it('leaves out what does not pass, and keeps a score of 0', () => {
    const busy = { memoryUsedBytes: 24e9, computeUtilizationPercent: 100 };
    const selector = selectorOf({ a: busy, b: half });
    expect(selector.rankDevices()).toHaveLength(2);
    expect(selector.rankDevices({ minMemoryBytes: 1 })).toHaveLength(1);
    expect(selectorOf({ a: busy }).selectBestDevice()).toBeUndefined();
  });
});

describe('DeviceSelector.selectBestDevice', () => {
  it('compares minMemoryBytes with what the sample says is free, reserved memory left out', () => {
    const selector = selectorOf({ a: { memoryUsedBytes: 4e9, memoryFreeBytes: 19e9 } });
    expect(selector.selectBestDevice({ minMemoryBytes: 19e9 })).toBe('a');
    expect(selector.selectBestDevice({ minMemoryBytes: 19.5e9 })).toBeUndefined();
  });

  it('compares minMemoryBytes with total less used, equal enough', () => {
    const selector = selectorOf({ a: full });
    expect(selector.selectBestDevice({ minMemoryBytes: 3e9 })).toBe('a');
    expect(selector.selectBestDevice({ minMemoryBytes: 4e9 })).toBe('a');
    expect(selector.selectBestDevice({ minMemoryBytes: 4e9 + 1 })).toBeUndefined();
    expect(selector.selectBestDevice({ minMemoryBytes: 5e9 })).toBeUndefined();
  });

  it('is undefined without devices', () => {
    expect(new DeviceSelector([]).selectBestDevice()).toBeUndefined();
  });

  it('rejects a device of unknown memory under a memory constraint, unless told otherwise', () => {
    const selector = new DeviceSelector([
      {
        device: gpu('a'),
        metrics: { deviceId: 'a', timestampMs: 1, computeUtilizationPercent: 5 },
      },
    ]);
    expect(selector.selectBestDevice({ minMemoryBytes: 1 })).toBeUndefined();
    expect(selector.selectBestDevice({ minMemoryBytes: 1, unknown: 'reject' })).toBeUndefined();
    expect(selector.selectBestDevice({ minMemoryBytes: 1, unknown: 'allow' })).toBe('a');
    expect(selector.selectBestDevice({ minMemoryBytes: 0 })).toBe('a');
    expect(selector.selectBestDevice()).toBe('a');
  });

  it('takes a sample of any age, unless the request limits it', () => {
    const now = Date.now();
    const selector = selectorOf({
      a: { timestampMs: now - 60_000 },
      b: { ...full, timestampMs: now },
    });
    expect(selector.selectBestDevice()).toBe('a');
    expect(selector.selectBestDevice({ maxAgeMs: Infinity })).toBe('a');
    expect(selector.selectBestDevice({ maxAgeMs: 30_000 })).toBe('b');
    expect(selectorOf({ a: { timestampMs: now + 1e6 } }).selectBestDevice({ maxAgeMs: 0 })).toBe(
      'a',
    );
  });
});

describe('DeviceSelector.explainSelection', () => {
  it('says of every device, in order, what became of it and why', () => {
    const selector = selectorOf({
      a: half,
      b: { timestampMs: Date.now() - 9000 },
      c: full,
      d: {},
      e: {},
    });
    const explained = selector.explainSelection({ minMemoryBytes: 8e9 });
    expect(explained.map(({ deviceId, status, code }) => [deviceId, status, code])).toEqual([
      ['a', 'ranked', 'behind'],
      ['b', 'selected', 'best'],
      ['c', 'rejected', 'not-enough-memory'],
      ['d', 'ranked', 'behind'],
      ['e', 'ranked', 'behind'],
    ]);
    expect(explained[0]?.score).toBeCloseTo(0.7, 12);
    expect(explained[0]?.reason).toBe(
      'score 0.7000: memory free 50.0 %, idle 100.0 %; behind b with 1.0000',
    );
    expect(explained[2]).toStrictEqual({
      deviceId: 'c',
      status: 'rejected',
      code: 'not-enough-memory',
      reason: '3.73 GiB free, 7.45 GiB wanted',
      actual: 4e9,
      wanted: 8e9,
    });
    expect(explained[3]?.reason).toContain('equal to b, which comes first');
  });

  it('agrees with ranking and selecting', () => {
    const selector = selectorOf({ a: full, b: half, c: { memoryUsedBytes: 23e9 }, d: {} });
    for (const minMemoryBytes of [0, 2e9, 6e9, 20e9, 30e9]) {
      const explained = selector.explainSelection({ minMemoryBytes });
      const passed = explained.filter(({ status }) => status !== 'rejected');
      const ranking = selector.rankDevices({ minMemoryBytes });
      expect(passed.map(({ deviceId }) => deviceId).sort()).toEqual(
        ranking.map(({ deviceId }) => deviceId).sort(),
      );
      const selected = explained.find(({ status }) => status === 'selected');
      expect(selected?.deviceId).toBe(selector.selectBestDevice({ minMemoryBytes }));
    }
  });

  it('names age, unknown memory, an unknown score, heat and a score of 0', () => {
    const old = selectorOf({ a: { timestampMs: Date.now() - 9000 } });
    expect(old.explainSelection({ maxAgeMs: 500 })[0]?.reason).toMatch(
      /^its sample is 90\d\d ms old, at most 500 ms count$/,
    );
    const mute = new DeviceSelector([
      { device: gpu('a'), metrics: { deviceId: 'a', timestampMs: 1 } },
    ]);
    expect(mute.explainSelection()[0]).toMatchObject({ status: 'rejected', code: 'score-unknown' });
    expect(mute.explainSelection({ minMemoryBytes: 1e9 })[0]).toMatchObject({
      code: 'memory-unknown',
      reason: 'free memory unknown, 0.93 GiB wanted',
    });
    const hot = selectorOf({ a: { temperatureCelsius: 90 } }).explainSelection()[0];
    expect(hot?.reason).toContain('heat factor 0.75');
    const spent = { memoryUsedBytes: 24e9, computeUtilizationPercent: 100 };
    expect(selectorOf({ a: spent }).explainSelection()[0]).toMatchObject({
      status: 'ranked',
      score: 0,
      code: 'score-zero',
    });
  });
});

describe('DeviceSelector refuses', () => {
  it.each([
    [{ minMemoryBytes: -1 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minMemoryBytes: NaN }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minMemoryBytes: Infinity }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minMemoryBytes: '1' }, 'ERR_GPU_INVALID_TYPE'],
    [{ minMemoryBytes: null }, 'ERR_GPU_INVALID_TYPE'],
    [{ maxAgeMs: -1 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ maxAgeMs: NaN }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ policy: 'Score' }, 'ERR_GPU_UNKNOWN_POLICY'],
    [{ policy: 'toString' }, 'ERR_GPU_UNKNOWN_POLICY'],
    [{ policy: null }, 'ERR_GPU_UNKNOWN_POLICY'],
    [{ unknown: 'maybe' }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minMemory: 1 }, 'ERR_GPU_UNKNOWN_OPTION'],
    [null, 'ERR_GPU_INVALID_TYPE'],
    [5, 'ERR_GPU_INVALID_TYPE'],
  ] as const)('the request %o', (request, code) => {
    const selector = selectorOf({ a: {} });
    refusal(code, () => selector.rankDevices(untyped(request)));
    refusal(code, () => selector.selectBestDevice(untyped(request)));
    refusal(code, () => selector.explainSelection(untyped(request)));
  });

  it('entries that are none, come twice or do not fit together', () => {
    const entry = { device: gpu('a'), metrics: sample('a') };
    refusal('ERR_GPU_DUPLICATE_DEVICE', () => new DeviceSelector([entry, entry]));
    const other = { device: gpu('a'), metrics: sample('b') };
    refusal('ERR_GPU_OUT_OF_RANGE', () => new DeviceSelector([other]));
    const broken = { device: gpu('a'), metrics: sample('a', { temperatureCelsius: NaN }) };
    const message = refusal('ERR_GPU_OUT_OF_RANGE', () => new DeviceSelector([entry, broken]));
    expect(message).toContain('entries[1].metrics.temperatureCelsius');
    for (const entries of [undefined, null, 1, {}, { length: 1 }, 'ab', [null], [{}]]) {
      refusal('ERR_GPU_INVALID_TYPE', () => new DeviceSelector(untyped(entries)));
    }
  });
});

describe('new DeviceSelector', () => {
  it.each([[undefined], [5], ['text'], [{}]])('says that %o is no iterable', (entries) => {
    const message = refusal('ERR_GPU_INVALID_TYPE', () => new DeviceSelector(untyped(entries)));
    expect(message).toMatch(/^entries: expected an iterable of entries, got /);
  });
});

describe('DeviceSelector with a policy', () => {
  const entries = Array.from({ length: 5 }, (_, index) => ({
    device: gpu(`${index}`, { computeUnits: index === 0 ? 20 : 10 }),
    metrics: sample(`${index}`, { memoryUsedBytes: index * 1e9 }),
  }));

  it.each(policyNames)('%s selects the first of the ranking', (policy) => {
    const selector = new DeviceSelector(entries, { seed: 3 });
    for (let turn = 0; turn < 20; turn += 1) {
      const [first] = selector.rankDevices({ policy });
      const explained = selector.explainSelection({ policy });
      const selected = selector.selectBestDevice({ policy });
      expect(selected).toBe(first?.deviceId);
      expect(explained.find(({ status }) => status === 'selected')?.deviceId).toBe(selected);
    }
  });

  it('repeats its draws with a seed', () => {
    const drawn = (seed: number) => {
      const selector = new DeviceSelector(entries.slice(1), { seed });
      return Array.from({ length: 30 }, () =>
        selector.selectBestDevice({ policy: 'least-loaded' }),
      );
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    refusal('ERR_GPU_OUT_OF_RANGE', () => new DeviceSelector([], { seed: NaN }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => new DeviceSelector([], untyped({ seeds: 1 })));
  });

  it('knows how fast devices are, and goes by labels and names', () => {
    const selector = new DeviceSelector(entries, { seed: 1 });
    expect(selector.selectBestDevice({ policy: 'least-loaded' })).toBe('0');
    expect(selector.selectBestDevice({ policy: 'most-free-memory', names: ['test'] })).toBe('0');
    expect(selector.selectBestDevice({ labels: { pool: 'a' } })).toBeUndefined();
  });

  it('never selects a device of which everything is 0', () => {
    const zeros = sample('z', { temperatureCelsius: 0, powerWatts: 0 });
    const selector = new DeviceSelector([
      { device: gpu('z'), metrics: zeros },
      { device: gpu('a'), metrics: sample('a', { memoryUsedBytes: 23e9 }) },
    ]);
    expect(selector.selectBestDevice()).toBe('a');
    expect(selector.explainSelection()[0]).toMatchObject({ code: 'sensor-implausible' });
    expect(selector.selectBestDevice({ sensors: 'trust' })).toBe('z');
  });
});
