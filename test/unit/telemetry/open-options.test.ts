import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../lib/errors.js';
import { chooseDevices } from '../../../lib/telemetry/device-filter.js';
import { defaultHealthThresholds } from '../../../lib/telemetry/health.js';
import { readOpenOptions } from '../../../lib/telemetry/open-options.js';
import { resolveXidPolicy } from '../../../lib/telemetry/xid-policy.js';
import { type Scenario, scenarioText } from '../../../lib/testing/simulator.js';
import { untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

function throwing(): never {
  throw new Error('from the caller');
}

describe('the option devices', () => {
  const filter = (devices: unknown) => readOpenOptions({ devices }).devices;

  it('is a word or a list of indices and starts of UUIDs', () => {
    expect([undefined, 'visible', 'all'].map(filter)).toEqual(['visible', 'visible', 'all']);
    expect(filter([0, 'GPU-1'])).toEqual([0, 'GPU-1']);
  });

  it.each<[string, () => unknown, string]>([
    ['a hole', () => Object.assign(new Array(3), [0]), 'options.devices[1]'],
    ['only holes', () => new Array(2), 'options.devices[0]'],
    [
      'a getter that throws',
      () => Object.defineProperty([], 0, { get: throwing }),
      'options.devices',
    ],
    ['a proxy that throws', () => new Proxy([0], { get: throwing }), 'options.devices'],
    ['a set', () => new Set([0]), 'options.devices'],
  ])('refuses %s', (_, make, name) => {
    expect(refusal('ERR_GPU_INVALID_TYPE', () => filter(make()))).toContain(`${name}: expected`);
  });

  it('refuses a revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable([0], {});
    revoke();
    refusal('ERR_GPU_INVALID_TYPE', () => filter(proxy));
  });

  it('says what CUDA_VISIBLE_DEVICES is when it leaves nothing', () => {
    expect(() => chooseDevices('visible', [], [])).toThrow(/^CUDA_VISIBLE_DEVICES .*no device$/);
  });
});

describe('the option simulate', () => {
  const text = (simulate: unknown): unknown => {
    const checked = readOpenOptions({ simulate }).simulate;
    return checked === undefined ? undefined : scenarioText(checked);
  };
  const cyclic: Record<string, unknown> = { devices: [] };
  cyclic.self = cyclic;

  it('becomes the text that the simulated driver reads', () => {
    expect(JSON.parse(String(text({ devices: [{ board: 'h100' }] })))).toEqual({
      baseDirectory: expect.stringMatching(/traces$/),
      devices: [{ board: 'h100' }],
    });
    const scenario: Scenario = { devices: [] };
    const converted = { toJSON: () => scenario, devices: [] };
    expect(text(converted)).toBe('{"devices":[]}');
  });

  it.each<[string, unknown]>([
    ['a cycle', cyclic],
    ['a BigInt', { devices: [{ board: 'h100', count: 1n }] }],
    ['a getter that throws', Object.defineProperty({}, 'a', { get: throwing, enumerable: true })],
    ['toJSON that throws', { devices: [], toJSON: throwing }],
    ['toJSON of a number', { devices: [], toJSON: () => 5 }],
    ['toJSON of a path', { devices: [], toJSON: () => '/etc/passwd' }],
    ['toJSON of an array', { devices: [], toJSON: () => [] }],
    ['toJSON of nothing', { devices: [], toJSON: () => undefined }],
    ['an array', []],
    ['false', false],
  ])('refuses %s, naming the option', (_, simulate) => {
    expect(refusal('ERR_GPU_INVALID_TYPE', () => text(simulate))).toMatch(
      /^options\.simulate: expected /,
    );
  });
});

describe('the other options', () => {
  it.each(['libraryPath', 'simulate'])('%s may hold no NUL character, and not be empty', (key) => {
    for (const value of ['/lib/a.so\0.txt', 'idle\0', '']) {
      const message = refusal('ERR_GPU_OUT_OF_RANGE', () => readOpenOptions({ [key]: value }));
      expect(message).toContain(`options.${key}: expected`);
    }
  });

  it('take a signal, and nothing that only looks like one', () => {
    const { signal } = new AbortController();
    expect(readOpenOptions({ signal }).signal).toBe(signal);
    const lookalikes = [
      { aborted: false, throwIfAborted: () => undefined },
      Object.create(AbortSignal.prototype),
      new Proxy(signal, { get: throwing, getPrototypeOf: throwing }),
      null,
    ];
    for (const lookalike of lookalikes) {
      refusal('ERR_GPU_INVALID_TYPE', () => readOpenOptions({ signal: untyped(lookalike) }));
    }
  });
});

describe('the options of the sampler', () => {
  it('have their defaults', () => {
    const checked = readOpenOptions({});
    expect(checked).toMatchObject({ hangTimeoutMs: 2000, idleReleaseMs: 0 });
    expect(checked.healthThresholds).toEqual(defaultHealthThresholds);
    expect(checked.xidPolicy).toEqual(resolveXidPolicy());
  });

  it.each([
    [undefined, 0],
    [false, 0],
    [true, 10_000],
    [{}, 10_000],
    [{ idleMs: undefined }, 10_000],
    [{ idleMs: 250 }, 250],
  ])('lowPower %o lets go of the driver after %d ms', (lowPower, idleReleaseMs) => {
    expect(readOpenOptions({ lowPower }).idleReleaseMs).toBe(idleReleaseMs);
  });

  it.each<[string, unknown, ErrorCode, string]>([
    ['hangTimeoutMs', 99, 'ERR_GPU_OUT_OF_RANGE', ''],
    ['hangTimeoutMs', 600_001, 'ERR_GPU_OUT_OF_RANGE', ''],
    ['hangTimeoutMs', Number.NaN, 'ERR_GPU_OUT_OF_RANGE', ''],
    ['hangTimeoutMs', '2000', 'ERR_GPU_INVALID_TYPE', ''],
    ['lowPower', 1, 'ERR_GPU_INVALID_TYPE', ''],
    ['lowPower', null, 'ERR_GPU_INVALID_TYPE', ''],
    ['lowPower', [], 'ERR_GPU_INVALID_TYPE', ''],
    ['lowPower', { idleMs: 0 }, 'ERR_GPU_OUT_OF_RANGE', '.idleMs'],
    ['lowPower', { idleMs: true }, 'ERR_GPU_INVALID_TYPE', '.idleMs'],
    ['lowPower', { idle: 1 }, 'ERR_GPU_UNKNOWN_OPTION', ''],
    ['xidPolicy', [], 'ERR_GPU_INVALID_TYPE', ''],
    ['xidPolicy', { '-1': {} }, 'ERR_GPU_UNKNOWN_OPTION', ''],
    ['xidPolicy', { 79: { effect: 'fine' } }, 'ERR_GPU_OUT_OF_RANGE', '.79.effect'],
    ['healthThresholds', { flaps: 0 }, 'ERR_GPU_OUT_OF_RANGE', '.flaps'],
    ['healthThresholds', { flap: 1 }, 'ERR_GPU_UNKNOWN_OPTION', ''],
    ['healthThresholds', 3, 'ERR_GPU_INVALID_TYPE', ''],
  ])('%s refuses %o', (key, value, code, path) => {
    const message = refusal(code, () => readOpenOptions({ [key]: value }));
    expect(message).toContain(`options.${key}${path}: expected`);
  });

  it('change what they name', () => {
    const checked = readOpenOptions({
      xidPolicy: { 13: { effect: 'draining' } },
      healthThresholds: { flaps: 9 },
    });
    expect(checked.xidPolicy.rules.get(13)?.effect).toBe('draining');
    expect(checked.healthThresholds).toEqual({ ...defaultHealthThresholds, flaps: 9 });
  });
});
