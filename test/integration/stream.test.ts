import { afterEach, describe, expect, it } from 'vitest';
import type { WorkContext } from '../../lib/distribution/stream/work.js';
import { SimulatedHost } from '../../lib/testing/simulated-host.js';
import { eventually } from '../support/patience.js';
import { runProgram } from '../support/program.js';
import { turns } from '../support/streams.js';
import { endWatched, watched } from '../support/watched-cluster.js';

const host = new SimulatedHost();
const itemCount = 3000;

afterEach(endWatched);

describe('a stream on a simulated driver', () => {
  it('goes on without a device that is lost, repeats what it held, and takes it back', async () => {
    const { manager, ids } = await watched();
    const [lost = ''] = ids;
    const done = new Array<number>(itemCount).fill(0);
    let isHanging = false;
    let isBack = false;
    let hung = 0;
    const stream = manager.distributeStream(done.keys());
    expect(stream.deviceIds).toEqual(ids);
    const work = async (item: number, { deviceId, signal }: WorkContext) => {
      await turns(1);
      if (item === itemCount / 2 && !isHanging) {
        isHanging = true;
        host.loseDevice(0);
      }
      if (deviceId === lost && isHanging && !isBack) {
        hung += 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return;
      }
      done[item] = (done[item] ?? 0) + 1;
      if (item !== itemCount - 100) return;
      await eventually('lost', () => !stream.deviceIds.includes(lost));
      isBack = true;
      host.restoreDevice(0);
      await eventually('back', () => stream.deviceIds.includes(lost));
    };
    const stats = await stream.run(work, { concurrency: 2 });
    expect(done.every((count) => count === 1)).toBe(true);
    expect(hung).toBeGreaterThan(0);
    expect(stats).toMatchObject({ pulled: itemCount, acknowledged: itemCount, failed: 0 });
    expect(stats.returned).toBe(stats.delivered - itemCount);
    expect(stats.returned).toBeLessThanOrEqual(2);
    expect(manager.leaseStatus().devices.map(({ leaseCount }) => leaseCount)).toEqual([0, 0, 0]);
  });

  it('of which the last device is lost says so, and has what is left', async () => {
    const { manager, ids } = await watched();
    const [only = ''] = ids;
    const stream = manager.distributeStream([1, 2, 3], { deviceIds: [only] });
    const items = stream.itemsOf(only);
    expect(await items.next()).toMatchObject({ value: 1 });
    const waiting = stream.itemsOf(only).next();
    expect(await waiting).toMatchObject({ value: 2 });
    const { signal } = items;
    host.loseDevice(0);
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    await turns(1);
    expect(signal.aborted).toBe(true);
    expect(stream.unfinished).toEqual([1, 2]);
    host.restoreDevice(0);
  });
});

it('a reader that waits for others keeps the process alive, a stream alone does not', async () => {
  const ending = await runProgram('integration/programs/waiting-in-stream.cjs');
  const stdout = 'acknowledged 1 returned 1\nheld\nexit 0\n';
  expect(ending).toMatchObject({ code: 0, stdout, stderr: '' });
});
