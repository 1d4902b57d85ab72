import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import type { NativeReply, NativeStatus } from '../../../lib/native.js';
import { nvmlReturns } from '../../../lib/testing/nvml-returns.js';
import { SimulatedHost } from '../../../lib/testing/simulated-host.js';
import { FakeBlock, FakeNative, FakeSession } from '../../support/fake-native.js';
import { refusal } from '../../support/refusal.js';

const list = [
  { uuid: 'GPU-a', board: 'h100', position: 0, index: 1, presence: 'present', mig: null },
  {
    uuid: 'GPU-b',
    board: 'l4',
    position: 1,
    index: null,
    presence: 'removed',
    mig: [{ index: 0, profile: '1g', uuid: 'MIG-c', gpuInstanceId: 2, computeInstanceId: 0 }],
  },
];

/** Notes commands; answers from `replies`. */
class FakeLab extends FakeNative {
  readonly commands: (readonly [path: string, command: string, argument: string])[] = [];
  readonly replies: Record<string, string> = { list: JSON.stringify(list), set: '{"timeUs":7}' };
  failure: NativeStatus | undefined;

  constructor() {
    super(new FakeSession({ block: new FakeBlock() }));
  }
  override controlSimulator(path?: string, command = '', argument = ''): NativeReply {
    if (command !== 'list') this.commands.push([path ?? '', command, argument]);
    return { reply: this.replies[command] ?? '', failure: this.failure };
  }
}

let lab: FakeLab;
let host: SimulatedHost;
beforeEach(() => {
  lab = new FakeLab();
  host = new SimulatedHost({ libraryPath: '/sim.so' }, lab);
});

function sent(): readonly [string, unknown] {
  const [path, command, argument] = lab.commands.at(-1) ?? ['', '', ''];
  expect(path).toBe('/sim.so');
  return [
    command,
    argument.startsWith('{') || argument.startsWith('[') ? JSON.parse(argument) : argument,
  ];
}

describe('SimulatedHost', () => {
  it('says each change in the simulated driver’s own form', () => {
    const changes: readonly (readonly [change: () => unknown, sent: readonly [string, unknown]])[] =
      [
        [() => host.loseDevice(3), ['devices', { lose: 3 }]],
        [() => host.removeDevice('GPU-b'), ['devices', { remove: 1 }]],
        [() => host.restoreDevice('GPU-a'), ['devices', { restore: 0 }]],
        [() => host.resetDevice(0), ['devices', { reset: 0 }]],
        [() => host.reorderDevices([1, 'GPU-a']), ['devices', { order: [1, 0] }]],
        [() => host.setMig(0, ['1g.10gb']), ['mig', { device: 0, instances: ['1g.10gb'] }]],
        [() => host.disableMig('GPU-b'), ['mig', { device: 1, enabled: false }]],
        [() => host.unloadDriver(), ['driver', { state: 'unloaded' }]],
        [() => host.mismatchDriver(), ['driver', { state: 'mismatch' }]],
        [() => host.loadDriver(), ['driver', { state: 'loaded' }]],
        [
          () => host.loadDriver({ version: '1.2' }),
          ['driver', { state: 'loaded', version: '1.2' }],
        ],
        [
          () => host.setValues(1, { 'power.draw': 5, 'field.94': null }),
          ['set', { device: 1, values: { 'power.draw': 5, 'field.94': null } }],
        ],
        [
          () => host.setProcesses(0, [{ pid: 4 }]),
          ['processes', { device: 0, processes: [{ pid: 4 }] }],
        ],
        [
          () => host.postEvent('GPU-b', { type: 'xid', data: 79 }),
          ['event', { device: 1, type: 'xid', data: 79 }],
        ],
        [
          () => host.inject([{ function: '*', device: 'GPU-b', return: 15 }, { function: 'x' }]),
          ['inject', [{ function: '*', device: 1, return: 15 }, { function: 'x' }]],
        ],
        [() => host.clearFaults(), ['inject', []]],
        [() => host.step(), ['step', '1']],
        [() => host.step(40), ['step', '40']],
        [() => host.forgetCalls(), ['misuse', 'reset']],
      ];
    for (const [change, expected] of changes) {
      change();
      expect(sent()).toEqual(expected);
    }
  });

  it('loads a scenario by name, path or as an object', () => {
    host.load('idle');
    expect(sent()[1]).toMatch(/scenarios\/idle\.json$/);
    host.load({ devices: [] });
    expect(sent()).toEqual(['load', { baseDirectory: expect.any(String), devices: [] }]);
    expect(() => host.load('no-such')).toThrow(GPUError);
  });

  it('lists devices under the names of the public surface, absent where there is nothing', () => {
    expect(host.devices()).toStrictEqual([
      { deviceId: 'GPU-a', board: 'h100', position: 0, index: 1, presence: 'present' },
      {
        deviceId: 'GPU-b',
        board: 'l4',
        position: 1,
        presence: 'removed',
        mig: [
          { deviceId: 'MIG-c', index: 0, profile: '1g', gpuInstanceId: 2, computeInstanceId: 0 },
        ],
      },
    ]);
  });

  it('returns what came, the driver’s clock, and what was counted', () => {
    lab.replies.devices = '1';
    expect(host.addDevices({ board: 'l4' }).map(({ deviceId }) => deviceId)).toEqual(['GPU-b']);
    expect(sent()).toEqual(['devices', { add: { board: 'l4' } }]);
    expect(host.setValues(0, {})).toBe(7);
    lab.replies.calls = '{"nvmlInit_v2":1}';
    expect(host.calls()).toEqual(new Map([['nvmlInit_v2', 1]]));
    lab.replies.misuse = '{"staleHandle":2}';
    expect(host.misuse().staleHandle).toBe(2);
    lab.replies.faults = '[{"function":"*","seen":2,"struck":1}]';
    expect(host.injectedFaults()).toEqual([{ function: '*', seen: 2, struck: 1 }]);
  });

  it('throws what the simulated driver refuses, in its words', () => {
    lab.failure = { code: 'ERR_GPU_SCENARIO_INVALID', message: 'no', hint: 'h', nvmlReturn: 2 };
    expect(() => host.loseDevice(3)).toThrow(
      new GPUError('ERR_GPU_SCENARIO_INVALID', 'no', { hint: 'h', nvmlReturn: 2 }),
    );
  });

  it('refuses what it cannot say, and says nothing then', () => {
    const wrong = (value: unknown) => value as never;
    const unknown = refusal('ERR_GPU_UNKNOWN_DEVICE', () => host.loseDevice('GPU-z'));
    expect(unknown).toBe('device: expected a device of the simulated host, got "GPU-z"');
    refusal('ERR_GPU_OUT_OF_RANGE', () => host.loseDevice(-1));
    refusal('ERR_GPU_OUT_OF_RANGE', () => host.step(0));
    const type = 'ERR_GPU_INVALID_TYPE';
    refusal(type, () => host.loseDevice(wrong(undefined)));
    refusal(type, () => host.inject(wrong({})));
    refusal(type, () => host.inject([wrong(null)]));
    refusal(type, () => host.inject([{ function: '*', return: wrong(1n) }]));
    refusal(type, () => host.setValues(0, wrong(5)));
    refusal(type, () => host.addDevices(wrong('l4')));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => host.loadDriver(wrong({ versoin: '1' })));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => new SimulatedHost(wrong({ path: '' }), lab));
    expect(lab.commands).toEqual([]);
  });
});

describe('nvmlReturns', () => {
  it('is the list that the native side has', () => {
    const root = join(__dirname, '..', '..', '..');
    const header = readFileSync(join(root, 'native', 'nvml', 'abi_numbers.h'), 'utf8');
    const enumerator = /\bNVML_(?:ERROR_)?([A-Z_]+) = (\d+),/g;
    const codes = header.slice(0, header.indexOf('NVML_ERROR_UNKNOWN = 999,') + 30);
    const native = [...codes.matchAll(enumerator)].map(([, name = '', code]) => [
      name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      Number(code),
    ]);
    expect(native.length).toBe(32);
    expect(nvmlReturns).toEqual(Object.fromEntries(native));
  });
});
