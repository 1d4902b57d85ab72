// Policies that go by what is in flight.
import { describe, expect, it } from 'vitest';
import { loadFor } from '../../../../lib/selection/policies/least-loaded.js';
import { PolicyState } from '../../../../lib/selection/policy-state.js';
import { numbers } from '../../../support/cluster.js';
import { choices, pipeline, view } from '../../../support/views.js';

const scene = (...views: ReturnType<typeof view>[]) => ({ views, nowMs: 1000 });

describe('least-loaded', () => {
  it('counts what is in flight and the request itself, for the speed', () => {
    expect(loadFor(view('a', { inFlight: 3, speed: 0.5 }), 2)).toBe(10);
    const [slow, fast] = [view('slow', { speed: 0.25 }), view('fast', { inFlight: 2 })];
    const chooser = pipeline({ policy: 'least-loaded' });
    // (0 + 1) / 0.25 = 4 against (2 + 1) / 1 = 3
    expect(choices(chooser, [slow, fast])).toEqual(['fast']);
    fast.inFlight = 3.5;
    expect(choices(chooser, [slow, fast])).toEqual(['slow']);
  });

  it('shares out what comes one after another by speed', () => {
    const views = [view('a', { speed: 1 }), view('b', { speed: 0.5 }), view('c', { speed: 0.25 })];
    const chooser = pipeline({ policy: 'least-loaded' });
    for (const _ of numbers(70)) {
      const chosen = views[chooser.choose({ views, nowMs: 1000 })];
      if (chosen !== undefined) chosen.inFlight += 1;
    }
    expect(views.map(({ inFlight }) => inFlight)).toEqual([40, 20, 10]);
  });

  it('draws among equals, the same with the same seed', () => {
    const views = numbers(8).map((index) => view(`${index}`));
    const drawn = (seed: number) =>
      choices(
        pipeline({ policy: 'least-loaded' }, { state: new PolicyState({ seed }) }),
        views,
        100,
      );
    expect(new Set(drawn(1)).size).toBe(8);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });
});

describe('power-of-two', () => {
  it('never takes the worst of three, and takes the others', () => {
    const views = [view('a'), view('b', { inFlight: 1 }), view('c', { inFlight: 9 })];
    expect(new Set(choices(pipeline({ policy: 'power-of-two' }), views, 200))).toEqual(
      new Set(['a', 'b']),
    );
  });

  it('counts reported load, which fades, where the ledger says less', () => {
    const load = { queue: 2, running: 3 };
    const loaded = view('a', { load, loadAt: 1000, inFlight: 1 });
    const costAt = (nowMs: number, request = {}) =>
      pipeline({ policy: 'power-of-two', ...request }).rank({ views: [loaded], nowMs })[0]?.cost;
    expect(costAt(1000)).toBe(6);
    expect(costAt(2000)).toBeCloseTo(2 + 4 * Math.exp(-1), 12);
    loaded.latencyMs = 500;
    expect(costAt(2000)).toBeCloseTo(2 + 4 * Math.exp(-2), 12);
    expect(costAt(2000, { maxAgeMs: 500, staleness: 'ledger-only' })).toBe(2);
    expect(costAt(2000, { maxAgeMs: 500, staleness: 'allow' })).toBeCloseTo(2 + 4 * Math.exp(-2));
    loaded.inFlight = 7;
    expect(costAt(1000)).toBe(8);
  });
});

describe('round-robin', () => {
  it('takes each in turn by its speed, smoothly', () => {
    const views = [view('a'), view('b', { speed: 0.2 }), view('c', { speed: 0.2 })];
    const taken = choices(pipeline({ policy: 'round-robin' }), views, 70);
    for (const start of numbers(10)) {
      const round = taken.slice(start * 7, start * 7 + 7);
      expect(round.filter((id) => id === 'a')).toHaveLength(5);
      // Not aaaaabc: the slower ones come in between.
      expect(round.join('')).not.toContain('aaaa');
    }
  });

  it('counts a heavy request as many', () => {
    const state = new PolicyState({ seed: 1 });
    const views = [view('a'), view('b')];
    const heavy = choices(pipeline({ policy: 'round-robin', weight: 3 }, { state }), views);
    const light = choices(pipeline({ policy: 'round-robin' }, { state }), views, 3);
    expect(new Set([...heavy, ...light]).size).toBe(2);
    expect(light).toEqual([light[0], light[0], light[0]]);
  });

  it('is what ranking foretells, without a turn being used up', () => {
    const views = numbers(5).map((index) => view(`${index}`));
    const chooser = pipeline({ policy: 'round-robin' });
    for (const _ of numbers(20)) {
      const foretold = chooser.rank({ views, nowMs: 1000 });
      expect(foretold).toEqual(chooser.rank({ views, nowMs: 1000 }));
      expect(foretold[0]?.cost).toBe(0);
      expect(choices(chooser, views)).toEqual([foretold[0]?.deviceId]);
    }
  });
});

describe('pack', () => {
  const pack = (request = {}) => pipeline({ policy: 'pack', ...request });

  it('fills what is at work and fits, the fullest first', () => {
    const views = [
      view('asleep'),
      view('light', { inFlight: 1, leaseCount: 1 }),
      view('full', { inFlight: 3, leaseCount: 3 }),
    ];
    expect(choices(pack({ maxInFlight: 4 }), views)).toEqual(['full']);
    expect(choices(pack({ maxInFlight: 3 }), views)).toEqual(['light']);
    expect(choices(pack({ maxInFlight: 1 }), views)).toEqual(['asleep']);
  });

  it('goes by leased memory where that fills more', () => {
    const views = [
      view('a', { inFlight: 2, leaseCount: 2 }),
      view('b', { inFlight: 1, leaseCount: 1, leasedBytes: 20e9, freeMemoryBytes: 4e9 }),
    ];
    expect(choices(pack(), views)).toEqual(['b']);
    expect(choices(pack({ minMemoryBytes: 5e9 }), views)).toEqual(['a']);
  });

  it('wakes what is awake anyhow before what is asleep, and of those the smallest', () => {
    const [large, small] = [view('large', { about: { memoryBytes: 80e9 } }), view('small')];
    expect(choices(pack(), [large, small])).toEqual(['small']);
    const busy = { sampled: { computeUtilizationPercent: 30 }, about: { memoryBytes: 80e9 } };
    expect(choices(pack(), [view('awake', busy), small])).toEqual(['awake']);
    const half = { parentDeviceId: 'p' };
    const views = [
      small,
      view('held', { about: half, inFlight: 1, leaseCount: 1 }),
      view('sibling', { about: { ...half, memoryBytes: 80e9 } }),
    ];
    expect(choices(pack({ maxInFlight: 1 }), views)).toEqual(['sibling']);
  });
});

describe('affinity', () => {
  const to = (affinityKey: string, state: PolicyState) =>
    pipeline({ policy: 'affinity', affinityKey }, { state });

  it('goes where its key went, and else to the least loaded', () => {
    const state = new PolicyState({ seed: 1 });
    const views = [view('a', { inFlight: 1 }), view('b'), view('c', { inFlight: 1 })];
    expect(choices(to('x', state), views)).toEqual(['b']);
    for (const each of views) each.inFlight = 0;
    for (const held of views) held.inFlight = held.device.deviceId === 'b' ? 1 : 0;
    expect(choices(to('x', state), views, 5)).toEqual(['b', 'b', 'b', 'b', 'b']);
    expect(choices(to('y', state), views)).not.toEqual(['b']);
  });

  it('leaves a device that costs more than twice the best, for good', () => {
    const state = new PolicyState({ seed: 1 });
    const views = [view('a'), view('b', { inFlight: 1 })];
    expect(choices(to('x', state), views)).toEqual(['a']);
    const [a, b] = views;
    if (a === undefined || b === undefined) throw new Error('no views');
    [a.inFlight, b.inFlight] = [1.1, 0];
    expect(
      pipeline({ policy: 'affinity', affinityKey: 'x' }, { state }).rank(scene(a, b))[0],
    ).toMatchObject({ deviceId: 'b' });
    expect(choices(to('x', state), views)).toEqual(['b']);
    a.inFlight = 0;
    expect(choices(to('x', state), views)).toEqual(['b']);
  });

  it('goes by load alone where loads are uneven', () => {
    const state = new PolicyState({ seed: 1 });
    const views = [view('a', { inFlight: 40 }), view('b', { inFlight: 41 })];
    expect(choices(to('x', state), views)).toEqual(['a']);
    const [a, b] = views;
    if (a === undefined || b === undefined) throw new Error('no views');
    [a.inFlight, b.inFlight] = [70, 40];
    expect(choices(to('x', state), views)).toEqual(['a']);
    a.inFlight = 75;
    expect(choices(to('x', state), views)).toEqual(['b']);
  });

  it('forgets the key that was used longest ago', () => {
    const state = new PolicyState({ seed: 1 });
    for (const key of numbers(10_001)) state.setDevice(`${key}`, 'a');
    expect(state.deviceOf('0')).toBeUndefined();
    expect(state.deviceOf('1')).toBe('a');
    state.setDevice('1', 'b');
    state.setDevice('new', 'a');
    expect([state.deviceOf('1'), state.deviceOf('2')]).toEqual(['b', undefined]);
  });
});
