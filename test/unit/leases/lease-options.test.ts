import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../lib/errors.js';
import { readLeaseOptions } from '../../../lib/leases/lease-options.js';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { readOpenOptions } from '../../../lib/telemetry/open-options.js';
import { untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

describe('the option leases', () => {
  it('has its defaults', () => {
    expect(readLeaseOptions(undefined)).toEqual({
      maxInFlight: Infinity,
      maxQueue: 1024,
      seed: undefined,
      speedOf: undefined,
      latencyDecayMs: 10_000,
    });
    expect(readOpenOptions({}).leases).toEqual(readLeaseOptions({}));
  });

  it('takes what it names', () => {
    const speedOf = () => 1;
    const given = { maxInFlight: 0.5, maxQueue: 0, seed: -1.5, speedOf, latencyDecayMs: 1 };
    expect(readOpenOptions({ leases: given }).leases).toEqual(given);
  });

  it.each<[string, unknown, ErrorCode]>([
    ['', 1, 'ERR_GPU_INVALID_TYPE'],
    ['', { other: 1 }, 'ERR_GPU_UNKNOWN_OPTION'],
    ['.maxInFlight', { maxInFlight: 0 }, 'ERR_GPU_OUT_OF_RANGE'],
    ['.maxInFlight', { maxInFlight: NaN }, 'ERR_GPU_OUT_OF_RANGE'],
    ['.maxQueue', { maxQueue: -1 }, 'ERR_GPU_OUT_OF_RANGE'],
    ['.maxQueue', { maxQueue: 1.5 }, 'ERR_GPU_OUT_OF_RANGE'],
    ['.seed', { seed: Infinity }, 'ERR_GPU_OUT_OF_RANGE'],
    ['.seed', { seed: '1' }, 'ERR_GPU_INVALID_TYPE'],
    ['.speedOf', { speedOf: 1 }, 'ERR_GPU_INVALID_TYPE'],
    ['.latencyDecayMs', { latencyDecayMs: 0 }, 'ERR_GPU_OUT_OF_RANGE'],
  ])('refuses %s as %j', (name, leases, code) => {
    const message = refusal(code, () => new GPUClusteringManager(untyped({ leases })));
    expect(message).toContain(`options.leases${name}: expected`);
    refusal(code, () => readOpenOptions({ leases }));
  });
});
