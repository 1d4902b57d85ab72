import { describe, expect, it } from 'vitest';
import type {
  CostedView,
  DeviceView,
  SelectionContext,
  SelectionPolicy,
} from '../../../lib/selection/device-view.js';
import { PolicyState } from '../../../lib/selection/policy-state.js';
import { numbers, untyped } from '../../support/cluster.js';
import { choices, pipeline, view } from '../../support/views.js';

const views = ['a', 'b', 'c'].map((deviceId) => view(deviceId));
const scene = { views, nowMs: 1000 };
const code = 'ERR_GPU_INVALID_TYPE';

const by = (costs: Readonly<Record<string, unknown>>, pick?: unknown): SelectionPolicy => ({
  name: 'mine',
  cost: ({ device }) => untyped(costs[device.deviceId]),
  ...(pick !== undefined && { pick: untyped(pick) }),
});

const all = ['choose', 'rank', 'explain', 'outlook'] as const;

describe('a filter of the user’s', () => {
  it('sees the devices that the built-in ones let pass, and what is asked for', () => {
    const seen: (readonly [string, number, number])[] = [];
    const spy = (each: DeviceView, { request, nowMs }: SelectionContext) => {
      seen.push([each.device.deviceId, request.minMemoryBytes, nowMs]);
      return undefined;
    };
    const full = view('b', { freeMemoryBytes: 0 });
    pipeline({ minMemoryBytes: 5, filters: [spy] }).choose({
      views: [view('a'), full],
      nowMs: 1000,
    });
    expect(seen).toEqual([['a', 5, 1000]]);
  });

  it.each([1, null, true, Promise.resolve('no'), {}])('may not answer %o', (answer) => {
    const filters = [{ name: 'mine', reject: () => untyped(answer) }];
    for (const method of all) {
      const run = () => pipeline({ filters })[method](scene);
      expect(run).toThrow(expect.objectContaining({ code }));
      expect(run).toThrow('filter "mine": expected a reason');
    }
  });

  it('that throws becomes the cause of an error that names it', () => {
    const cause = new Error('mine');
    const reject = () => {
      throw cause;
    };
    for (const method of all) {
      const run = () => pipeline({ filters: [{ name: 'mine', reject }] })[method](scene);
      expect(run).toThrow(expect.objectContaining({ code, cause }));
    }
  });

  it('may itself choose', () => {
    const state = new PolicyState({ seed: 1 });
    const inner = pipeline({ policy: 'least-loaded', deviceIds: ['c'] }, { state });
    const seen: number[] = [];
    const asking = () => {
      seen.push(inner.choose(scene));
      return undefined;
    };
    const outer = pipeline({ policy: by({ a: 2, b: 1, c: 3 }), filters: [asking] }, { state });
    expect(choices(outer, views)).toEqual(['b']);
    expect(seen).toEqual([2, 2, 2]);
  });
});

describe('a policy of the user’s', () => {
  it('orders by its cost, any of the lowest first', () => {
    const chooser = pipeline({ policy: by({ a: 2, b: 1, c: 1 }) });
    expect(new Set(choices(chooser, views, 50))).toEqual(new Set(['b', 'c']));
    expect(chooser.rank(scene)[2]).toEqual({ deviceId: 'a', cost: 2, score: 1 / 3 });
    expect(chooser.explain(scene)[0]).toMatchObject({ cost: 2, code: 'behind' });
  });

  it.each([undefined, NaN, -1, Infinity, -Infinity])('does not judge by %o', (cost) => {
    const chooser = pipeline({ policy: by({ a: cost, b: 7, c: cost }) });
    expect(choices(chooser, views, 5)).toEqual(['b', 'b', 'b', 'b', 'b']);
    expect(chooser.rank(scene).map(({ deviceId }) => deviceId)).toEqual(['b']);
    expect(chooser.explain(scene)[0]).toMatchObject({ status: 'rejected', code: 'cost-unknown' });
    expect(
      pipeline({ policy: by({ a: cost }) }).choose({ ...scene, views: views.slice(0, 1) }),
    ).toBe(-1);
  });

  it.each(['1', null, true, Promise.resolve(1), 1n])('may not cost %o', (cost) => {
    for (const method of all) {
      const run = () => pipeline({ policy: by({ a: cost, b: 1, c: 1 }) })[method](scene);
      expect(run).toThrow(expect.objectContaining({ code }));
    }
  });

  it('that throws becomes the cause of an error, and nothing has moved on', () => {
    const cause = new Error('mine');
    const state = new PolicyState({ seed: 5 });
    let isBroken = true;
    const policy = {
      name: 'mine',
      cost: () => 1,
      pick: (candidates: readonly CostedView[]) => {
        if (isBroken) throw cause;
        return candidates[1];
      },
    };
    const chooser = pipeline({ policy }, { state });
    expect(() => chooser.choose(scene)).toThrow(expect.objectContaining({ code, cause }));
    isBroken = false;
    expect(choices(chooser, views)).toEqual(['b']);
    expect(state.random.next()).toBe(new PolicyState({ seed: 5 }).random.next());
  });

  it('picks one of the candidates, or none', () => {
    const dearest = (candidates: readonly CostedView[]) =>
      candidates.toSorted((a, b) => b.cost - a.cost)[0];
    const chooser = pipeline({ policy: by({ a: 2, b: 1, c: 3 }, dearest) });
    expect(choices(chooser, views)).toEqual(['c']);
    expect(chooser.rank(scene).map(({ deviceId }) => deviceId)).toEqual(['c', 'b', 'a']);
    expect(chooser.explain(scene)[1]).toMatchObject({
      code: 'not-picked',
      reason: 'cost 1: by policy "mine"; the policy picks c with 3',
    });
    const none = pipeline({ policy: by({ a: 2, b: 1, c: 3 }, () => undefined) });
    expect(none.choose(scene)).toBe(-1);
    expect(none.explain(scene)[0]).toMatchObject({ status: 'ranked', code: 'not-picked' });
  });

  it.each([null, 1, 'a', { view: views[0], cost: 1 }])('may not pick %o', (picked) => {
    const chooser = pipeline({ policy: by({ a: 1, b: 1, c: 1 }, () => picked) });
    expect(() => chooser.choose(scene)).toThrow(expect.objectContaining({ code }));
  });

  it('gets what counts under the staleness, and random numbers', () => {
    const old = view('a', { freeMemoryBytes: 20e9, sampled: { timestampMs: 0 } });
    const mute = view('b', { leasedBytes: 6e9, sampled: null });
    const seen: unknown[] = [];
    const policy = (each: DeviceView, context: SelectionContext) => {
      seen.push(context.metricsOf(each)?.timestampMs, context.freeMemoryOf(each));
      return context.random();
    };
    const late = { views: [old, mute], nowMs: 1000 };
    for (const staleness of ['ledger-only', 'allow'] as const) {
      pipeline({ policy, staleness, maxAgeMs: 10 }).rank(late);
    }
    expect(seen).toEqual([undefined, 20e9, undefined, 18e9, 0, 20e9, undefined, undefined]);
  });
});

describe('a decision', () => {
  it('makes nothing for each device', () => {
    const many = numbers(2000).map((index) => view(`${index}`, { inFlight: index % 7 }));
    const chooser = pipeline({ policy: 'least-loaded', maxInFlight: 5 });
    const wide = { views: many, nowMs: 1000 };
    for (const _ of numbers(50)) chooser.choose(wide);
    const before = process.memoryUsage().heapUsed;
    for (let turn = 0; turn < 1000; turn += 1) chooser.choose(wide);
    const perDevice = (process.memoryUsage().heapUsed - before) / (1000 * many.length);
    // An object would be 16 bytes at the least, a boxed number 12.
    expect(perDevice).toBeLessThan(4);
  });

  it('over other views is as good as new', () => {
    const chooser = pipeline({ policy: 'least-loaded' });
    expect(
      choices(
        chooser,
        numbers(100).map((index) => view(`${index}`)),
      )[0],
    ).toBeDefined();
    expect(choices(chooser, [view('x')])).toEqual(['x']);
    expect(chooser.choose({ views: [], nowMs: 1000 })).toBe(-1);
    expect(chooser.rank({ views: [], nowMs: 1000 })).toEqual([]);
  });
});
