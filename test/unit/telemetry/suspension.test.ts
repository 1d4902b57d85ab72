import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { openLive } from '../../../lib/telemetry/open.js';
import { LiveCluster } from '../../../lib/telemetry/store.js';
import {
  FakeBlock,
  FakeNative,
  FakeSession,
  type FakeSessionOptions,
  fakeStatusNames,
} from '../../support/fake-native.js';

async function opened(more: Partial<FakeSessionOptions> = {}, openTimeoutMs = 5000) {
  const block = new FakeBlock();
  const session = new FakeSession({ block, firstSample: [1, 2, 3, 4, 5], ...more });
  const parts = await openLive({ openTimeoutMs }, new FakeNative(session));
  const manager = new GPUClusteringManager(new LiveCluster(parts));
  const turns = () => session.calls.filter((call) => call === 'suspend' || call === 'resume');
  return { block, session, manager, turns };
}

const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick++) await new Promise((go) => setImmediate(go));
};

describe('suspend() and resume()', () => {
  it('resolve once the driver is gone, and once it serves', async () => {
    const { session, manager } = await opened({ suspends: false, resumes: false });
    let done = false;
    const suspended = manager.suspend().then(() => {
      done = true;
    });
    await ticks(20);
    expect(done).toBe(false);
    session.driverIs('suspended');
    await suspended;
    expect(manager.status()?.driver).toBe('suspended');
    const resumed = manager.resume();
    await ticks(20);
    session.driverIs('lost');
    await ticks(20);
    session.driverIs('serving');
    await resumed;
    expect(manager.status()?.driver).toBe('serving');
  });

  it('take turns, in the order of the calls', async () => {
    const { manager, turns } = await opened();
    const calls = [manager.suspend(), manager.resume(), manager.resume(), manager.suspend()];
    await Promise.all(calls);
    expect(turns()).toEqual(['suspend', 'resume', 'resume', 'suspend']);
    expect(manager.status()?.driver).toBe('suspended');
  });

  it('let the next one go on after one that failed', async () => {
    const { manager, turns } = await opened({ suspends: false }, 30);
    const [suspended, resumed] = await Promise.allSettled([manager.suspend(), manager.resume()]);
    expect(suspended).toMatchObject({
      reason: { name: 'GPUError', code: 'ERR_GPU_TIMEOUT', hint: expect.any(String) },
    });
    expect(resumed.status).toBe('fulfilled');
    expect(turns()).toEqual(['suspend', 'resume']);
  });

  it('work while the driver is lost', async () => {
    const { session, manager } = await opened();
    session.driverIs('lost');
    await manager.suspend();
    expect(manager.status()?.driver).toBe('suspended');
  });

  it('say why the driver does not come back', async () => {
    const { block, session, manager } = await opened({ resumes: false }, 30);
    await manager.suspend();
    const held = { code: 'ERR_GPU_SUSPENDED', message: expect.stringContaining('30 ms') };
    await expect(manager.resume()).rejects.toMatchObject(held);
    session.driverIs('lost');
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_DRIVER_GONE' });
    block.fail(0, fakeStatusNames.indexOf('ERR_GPU_NO_PERMISSION'));
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_NO_PERMISSION' });
    block.fail(0, fakeStatusNames.indexOf('ERR_GPU_DEVICE_LOST'));
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_DRIVER_GONE' });
  });

  it('end with the cluster', async () => {
    const { manager, session } = await opened({ suspends: false });
    const pending = Promise.allSettled([manager.suspend(), manager.resume()]);
    await ticks(3);
    await manager.shutdown();
    const closed = { status: 'rejected', reason: { code: 'ERR_GPU_CLOSED' } };
    expect(await pending).toMatchObject([closed, closed]);
    expect(session.calls).not.toContain('resume');
    await expect(manager.suspend()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
  });

  it('are not for a manual cluster', async () => {
    const manual = new GPUClusteringManager();
    const refused = { name: 'GPUError', code: 'ERR_GPU_NOT_SUPPORTED' };
    await expect(manual.suspend()).rejects.toMatchObject(refused);
    await expect(manual.resume()).rejects.toMatchObject(refused);
  });
});
