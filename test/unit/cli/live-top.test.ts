import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../../../lib/cli/cluster.js';
import { run } from '../../../lib/cli/run.js';
import { FakeTerminal, fakeCluster, fakeWorld, nowMs } from './fixture.js';

const enter = '\x1b[?1049h';
const leave = '\x1b[?1049l';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** `gpuring top` in a terminal whose clock moves by a second with every picture. */
async function started(cluster: Cluster = fakeCluster()) {
  const terminal = new FakeTerminal({ isTTY: true, columns: 80, rows: 24 });
  let unixMs = nowMs;
  const world = fakeWorld(cluster, { terminal, now: () => (unixMs += 1000) });
  const code = run(['top'], world.context);
  await vi.advanceTimersByTimeAsync(0);
  const written = () => {
    const text = terminal.output;
    terminal.output = '';
    return text;
  };
  return { ...world, terminal, code, written };
}

describe('top in a terminal', () => {
  it('draws at once, then twice a second, and only what changed', async () => {
    const { terminal, code, written } = await started();
    const first = written();
    expect(first).toContain(enter);
    expect(first).toContain('14:03:13');
    expect(first).toContain('H100 80GB HBM3');
    await vi.advanceTimersByTimeAsync(1000);
    const update = written();
    expect(update).toContain('14:03:15');
    expect(update).not.toContain('MEMORY GiB');
    terminal.type('q');
    expect(await code).toBe(0);
  });

  it.each(['q', '\x1b', '\x03'])('ends on %j with the terminal as it was', async (key) => {
    const cluster = fakeCluster();
    const { terminal, code, written, restores } = await started(cluster);
    terminal.type(key);
    expect(await code).toBe(0);
    expect(written().endsWith(leave)).toBe(true);
    expect(terminal.raw).toEqual([true, false]);
    expect(terminal.listeners()).toBe(0);
    expect(restores.size).toBe(0);
    expect(cluster.shutdowns()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stands still while paused and goes on after', async () => {
    const { terminal, code, written } = await started();
    written();
    terminal.type('p');
    expect(written()).toContain('PAUSED 14:03:13');
    await vi.advanceTimersByTimeAsync(5000);
    expect(written()).toBe('');
    terminal.type(' ');
    expect(written()).toContain('14:03:14');
    terminal.type('q');
    await code;
  });

  it('sorts and helps at the touch of a key', async () => {
    const { terminal, code, written } = await started();
    written();
    terminal.type('ss');
    expect(written()).toContain('sorted by memory');
    terminal.type('?');
    expect(written()).toContain('next sort order');
    terminal.type('q');
    await code;
  });

  it('draws anew for another size', async () => {
    const { terminal, code, written } = await started();
    written();
    terminal.resize(40, 24);
    const text = written();
    expect(text.startsWith('\x1b[2J')).toBe(true);
    expect(text).not.toContain('HISTORY');
    terminal.type('q');
    await code;
  });

  it('ends in order when the process is told to', async () => {
    const cluster = fakeCluster();
    const { stop, code, written } = await started(cluster);
    stop.abort(new Error('ended by SIGTERM'));
    await code;
    expect(written().endsWith(leave)).toBe(true);
    expect(cluster.shutdowns()).toBe(1);
  });

  it('restores the terminal before a failure is reported', async () => {
    let failing = false;
    const cluster = fakeCluster();
    const { terminal, code, written } = await started({
      ...cluster,
      getMetrics: (deviceId) => {
        if (failing) throw new Error('the ring is gone');
        return cluster.getMetrics(deviceId);
      },
    });
    failing = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(await code).toBe(1);
    expect(written().endsWith(leave)).toBe(true);
    expect(terminal.errors).toBe('gpuring: the ring is gone\n');
    expect(terminal.raw).toEqual([true, false]);
  });

  it('leaves the terminal usable when the process dies of something else', async () => {
    const { terminal, code, written, restores } = await started();
    written();
    for (const restore of restores) restore();
    expect(written()).toContain(leave);
    expect(terminal.raw.at(-1)).toBe(false);
    terminal.type('q');
    await code;
  });
});
