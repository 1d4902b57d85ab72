import { describe, expect, it } from 'vitest';
import type { NativeDevice } from '../../../lib/native.js';
import { cudaOrder } from '../../../lib/telemetry/visibility.js';

const fast: NativeDevice = {
  uuid: 'GPU-aaaa1111-0000-0000-0000-000000000000',
  name: 'fast',
  index: 2,
  pciBusId: '00000000:C1:00.0',
  coreCount: 16_896,
  maxClockRateMhz: 1980,
};
const slowA: NativeDevice = {
  uuid: 'GPU-bbbb1111-0000-0000-0000-000000000000',
  name: 'slow',
  index: 0,
  pciBusId: '00000000:1B:00.0',
  coreCount: 2560,
  maxClockRateMhz: 1590,
};
const slowB: NativeDevice = {
  ...slowA,
  uuid: 'GPU-bbbb2222',
  index: 1,
  pciBusId: '00000000:43:00.0',
};
const all = [slowA, slowB, fast];

describe('cudaOrder', () => {
  it('counts the fastest first, equals by PCI bus', () => {
    expect(cudaOrder(all, {})).toEqual([fast, slowA, slowB]);
  });

  it('counts by PCI bus when the environment says so', () => {
    expect(cudaOrder(all, { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).toEqual([slowA, slowB, fast]);
  });

  it('takes ordinals in CUDA order, not driver indices', () => {
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: '0' })).toEqual([fast]);
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: '2,0' })).toEqual([slowB, fast]);
  });

  it('takes UUIDs, and any unique start of one', () => {
    const list = `${fast.uuid},GPU-bbbb2`;
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: list })).toEqual([fast, slowB]);
  });

  it('ends the list at the first entry that names no device', () => {
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: '1,-1,0' })).toEqual([slowA]);
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: '1,9,0' })).toEqual([slowA]);
    expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES: 'GPU-bbbb' })).toEqual([]);
  });

  it('leaves nothing when the variable is empty, -1 or names a device twice', () => {
    for (const CUDA_VISIBLE_DEVICES of ['', '-1', 'none', '0,0']) {
      expect(cudaOrder(all, { CUDA_VISIBLE_DEVICES }), CUDA_VISIBLE_DEVICES).toEqual([]);
    }
  });
});
