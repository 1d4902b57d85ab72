import { describe, expect, it } from 'vitest';
import { readDevice } from '../../lib/device.js';
import { gpu } from '../support/cluster.js';
import { refusal } from '../support/refusal.js';

describe('readDevice', () => {
  it('copies and freezes what it knows and leaves the rest out', () => {
    const given = {
      ...gpu('cuda:0', { backend: 'cuda', computeUnits: 132, index: 0, simulated: true }),
      supportsFp64: true,
      driverVersion: undefined,
    };
    const device = readDevice(given);
    expect(device).toStrictEqual({
      deviceId: 'cuda:0',
      name: 'Test GPU',
      vendor: 'nvidia',
      memoryBytes: 24e9,
      backend: 'cuda',
      computeUnits: 132,
      index: 0,
      simulated: true,
    });
    expect(Object.isFrozen(device)).toBe(true);
  });

  it('copies labels, and takes nothing but texts for them', () => {
    const labels = { pool: 'train', constructor: 'x' };
    const device = readDevice(gpu('a', { labels }));
    labels.pool = 'changed';
    expect(device.labels).toStrictEqual({ pool: 'train', constructor: 'x' });
    expect(Object.isFrozen(device.labels)).toBe(true);
    for (const wrong of [1, 'a', ['a'], { pool: 1 }, { pool: undefined }]) {
      refusal('ERR_GPU_INVALID_TYPE', () => readDevice({ ...gpu('a'), labels: wrong }));
    }
  });

  it('takes a MIG instance and where its memory is', () => {
    const instance = gpu('MIG-1', {
      parentDeviceId: 'GPU-0',
      migProfile: '1g.10gb',
      gpuInstanceId: 7,
      computeInstanceId: 0,
      numaNode: 1,
      unifiedMemory: true,
    });
    expect(readDevice(instance)).toStrictEqual(instance);
    const split = gpu('GPU-0', { migEnabled: true });
    expect(readDevice(split)).toStrictEqual(split);
  });

  it('reads a class instance with getters, each once', () => {
    const reads: string[] = [];
    const device = readDevice(
      new Proxy(gpu('a'), {
        get(target, key) {
          reads.push(String(key));
          return Reflect.get(target, key);
        },
      }),
    );
    expect(device).toStrictEqual(gpu('a'));
    expect(new Set(reads).size).toBe(reads.length);
  });

  it.each([
    ['deviceId', '', 'ERR_GPU_OUT_OF_RANGE'],
    ['deviceId', 7, 'ERR_GPU_INVALID_TYPE'],
    ['name', undefined, 'ERR_GPU_INVALID_TYPE'],
    ['vendor', null, 'ERR_GPU_INVALID_TYPE'],
    ['memoryBytes', undefined, 'ERR_GPU_INVALID_TYPE'],
    ['memoryBytes', 24n, 'ERR_GPU_INVALID_TYPE'],
    ['memoryBytes', -1, 'ERR_GPU_OUT_OF_RANGE'],
    ['memoryBytes', NaN, 'ERR_GPU_OUT_OF_RANGE'],
    ['computeUnits', Infinity, 'ERR_GPU_OUT_OF_RANGE'],
    ['computeUnits', -1, 'ERR_GPU_OUT_OF_RANGE'],
    ['computeUnits', null, 'ERR_GPU_INVALID_TYPE'],
    ['memoryBandwidthGBps', 'fast', 'ERR_GPU_INVALID_TYPE'],
    ['clockRateMhz', NaN, 'ERR_GPU_OUT_OF_RANGE'],
    ['backend', 1, 'ERR_GPU_INVALID_TYPE'],
    ['index', 0.5, 'ERR_GPU_OUT_OF_RANGE'],
    ['simulated', 'yes', 'ERR_GPU_INVALID_TYPE'],
    ['migEnabled', 1, 'ERR_GPU_INVALID_TYPE'],
    ['gpuInstanceId', -1, 'ERR_GPU_OUT_OF_RANGE'],
    ['migProfile', 1, 'ERR_GPU_INVALID_TYPE'],
  ] as const)('refuses %s: %o', (key, value, code) => {
    const message = refusal(code, () => readDevice({ ...gpu('a'), [key]: value }));
    expect(message).toContain(`device.${key}`);
  });
});
