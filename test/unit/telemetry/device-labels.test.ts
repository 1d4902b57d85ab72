import { describe, expect, it } from 'vitest';
import type { GPUDevice } from '../../../lib/device.js';
import { DeviceFilter } from '../../../lib/telemetry/device-filter.js';
import { LiveDevices } from '../../../lib/telemetry/live-devices.js';
import { readOpenOptions } from '../../../lib/telemetry/open-options.js';
import { FakeBlock, FakeSession } from '../../support/fake-native.js';
import { liveParts } from '../../support/live-parts.js';
import { refusal } from '../../support/refusal.js';

const gpus = [0, 1].map((index) => ({ uuid: `GPU-${index}`, name: 'fake', index }));

function labelled(labelsOf: (device: GPUDevice) => unknown) {
  const session = new FakeSession({ block: new FakeBlock(), devices: gpus });
  const { native, block } = liveParts(session);
  const filter = new DeviceFilter('all');
  const devices = new LiveDevices({ native, session, block, filter, environment: {}, labelsOf });
  return { session, devices };
}

describe('labels of live devices', () => {
  it('are what the function says of each, asked anew with each list', () => {
    const { session, devices } = labelled(({ index }) =>
      index === 0 ? { pool: 'a', rack: '7' } : undefined,
    );
    devices.begin(0);
    expect(devices.current.get('GPU-0')?.labels).toEqual({ pool: 'a', rack: '7' });
    expect(devices.current.get('GPU-1')).not.toHaveProperty('labels');
    session.list(gpus.map((gpu) => ({ ...gpu, index: 1 - gpu.index })));
    expect(devices.current.get('GPU-0')).not.toHaveProperty('labels');
    expect(devices.current.get('GPU-1')?.labels).toEqual({ pool: 'a', rack: '7' });
  });

  it('may look at the devices that there are', () => {
    const { devices } = labelled(() => ({ others: String(devices.current.size) }));
    devices.begin(0);
    expect(devices.current.get('GPU-1')?.labels).toEqual({ others: '0' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['gives no texts', () => ({ rack: 7 })],
    ['gives no object', () => 'a'],
  ])('are refused at the open where the function %s', (_, labelsOf) => {
    const message = refusal('ERR_GPU_INVALID_TYPE', () => labelled(labelsOf).devices.begin(0));
    expect(message).toContain('labels of "GPU-0"');
  });

  it('are left out later on where the function throws, which is not hidden', async () => {
    let isBad = false;
    const { session, devices } = labelled(() => (isBad ? 1 : { a: 'b' }));
    devices.begin(0);
    isBad = true;
    session.list(gpus.slice(0, 1));
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const surfaced = new Promise((resolve) => process.once('uncaughtException', resolve));
    try {
      expect(devices.current.get('GPU-0')).not.toHaveProperty('labels');
      expect(await surfaced).toMatchObject({ code: 'ERR_GPU_INVALID_TYPE' });
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  it('come of a function', () => {
    const message = refusal('ERR_GPU_INVALID_TYPE', () => readOpenOptions({ labels: { a: 'b' } }));
    expect(message).toContain('options.labels: expected a function');
  });
});
