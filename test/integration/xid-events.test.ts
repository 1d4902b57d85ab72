import { afterEach, describe, expect, it } from 'vitest';
import { SimulatedHost } from '../../lib/testing/simulated-host.js';
import { told } from '../support/events.js';
import { eventually } from '../support/patience.js';
import { runProgram } from '../support/program.js';
import { endWatched, watched } from '../support/watched-cluster.js';

const host = new SimulatedHost();

afterEach(endWatched);

describe('events that the simulated driver reports', () => {
  it('an Xid 79 is told with what it means, and selection avoids the device', async () => {
    const cluster = await watched();
    const [first = ''] = cluster.ids;
    const { manager, heard } = cluster;
    expect(manager.selectBestDevice()).toBe(first);
    host.postEvent(0, { type: 'xid', data: 79 });
    await eventually('the Xid', () => heard.length >= 2);
    expect(heard).toMatchObject([
      { type: 'xid', xid: 79, deviceId: first, count: 1, rule: { action: 'RESTART_BM' } },
      { type: 'health', deviceId: first, health: { state: 'lost', reason: 'xid-79', xid: 79 } },
    ]);
    expect(manager.getHealth(first)?.state).toBe('lost');
    expect(manager.selectBestDevice()).toBe(cluster.ids[1]);
    expect(manager.explainSelection()[0]).toMatchObject({ code: 'unhealthy' });
    expect(manager.clearHealth(first)?.state).toBe('ok');
    expect(manager.selectBestDevice()).toBe(first);
  });

  it('a storm is coalesced and bounded, and every event of it is counted', async () => {
    const cluster = await watched();
    const { heard } = cluster;
    host.postEvent(1, { type: 'xid', data: 43, count: 100_000 });
    const counted = () =>
      heard.reduce((sum, event) => {
        if (event.type === 'dropped') return sum + event.count;
        return event.type === 'xid' ? sum + event.count : sum;
      }, 0);
    await eventually('all of them', () => counted() >= 100_000);
    expect(counted()).toBe(100_000);
    expect(heard.length).toBeLessThan(2000);
    expect(cluster.manager.getHealth(cluster.ids[1] ?? '')?.state).toBe('ok');
  });

  it('are told to each cluster in the process, by its own policy', async () => {
    const one = await watched();
    const two = await watched({ xidPolicy: { 79: { effect: 'degraded' } } });
    host.postEvent(0, { type: 'xid', data: 79 });
    await eventually('both', () => [one, two].every(({ heard }) => heard.length >= 2));
    expect(told(one.heard)).toEqual(['xid', `${one.ids[0]} lost`]);
    expect(told(two.heard)).toEqual(['xid', `${one.ids[0]} degraded`]);
    const three = await watched();
    expect(three.manager.getHealth(one.ids[0] ?? '')?.state).toBe('lost');
    expect(three.heard).toEqual([]);
  });

  it('an Xid 119 ends all calls about the device, until an operator lets it be asked', async () => {
    const { manager, ids } = await watched();
    const [, second = ''] = ids;
    host.postEvent(1, { type: 'xid', data: 119 });
    await eventually('the Xid', () => manager.getHealth(second)?.state === 'needs-reset');
    const sampled = () => manager.getMetrics(second)?.timestampMs ?? 0;
    const rounds = () => manager.status()?.rounds ?? 0;
    const stopped = rounds();
    await eventually('the rounds under way', () => rounds() > stopped + 3);
    const [last, then] = [sampled(), rounds()];
    await eventually('more rounds', () => rounds() > then + 10);
    expect(sampled()).toBe(last);
    manager.clearHealth(second);
    await eventually('samples again', () => sampled() > last);
  });

  it('what it reports of recovery is read, not believed', async () => {
    const { manager, ids, heard } = await watched();
    const [first = ''] = ids;
    host.postEvent(0, { type: 'recoveryAction' });
    await eventually('the notice', () => heard.some(({ type }) => type === 'notice'));
    await eventually('well again', () => manager.getHealth(first)?.state === 'ok');
    host.setValues(0, { 'field.230': 1 });
    host.postEvent(0, { type: 'xid', data: 154 });
    await eventually('read', () => manager.getHealth(first)?.reason === 'recovery-reset');
    host.setValues(0, { 'field.230': 0 });
    await eventually('well again', () => manager.getHealth(first)?.state === 'ok');
  });

  it('reach a worker as well, which knows what was before it came', async () => {
    const { stdout, stderr } = await runProgram('integration/programs/events-in-worker.cjs');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      before: ['xid', 'xid-63'],
      known: 'xid-63',
      told: 'xid-48',
      after: ['xid', 'xid-48'],
      code: 0,
    });
  });
});
