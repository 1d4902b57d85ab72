// On a real GPU only (npm run test:gpu): what the package says is what NVML says when it is asked
// directly, by another program.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import { readDirectly } from '../support/direct-reading.js';
import { type Compared, everyMetric, judge } from '../support/metric-agreement.js';

/** Where something else is known, the blocking calls are not asked. */
const fallbacks: ReadonlyMap<string, string> = new Map([
  ['pcieTransmitBytesPerSecond', 'pcieTransmitBytes'],
  ['pcieReceiveBytesPerSecond', 'pcieReceiveBytes'],
]);

describe('a live reading', () => {
  let manager: GPUClusteringManager;
  const compared = new Map<string, Compared[]>();

  /** Every metric that can be known was read after this moment. */
  async function settled(deviceId: string, sinceMs: number): Promise<void> {
    const isOld = ({ key }: { key: Compared['key'] }) => {
      const { state, sampledAtMs } = manager.describe(deviceId, key);
      if (fallbacks.has(key) && state === 'not-sampled') return false;
      return state === 'not-sampled' || (sampledAtMs !== undefined && sampledAtMs < sinceMs);
    };
    for (let waitedMs = 0; waitedMs < 12_000 && everyMetric.some(isOld); waitedMs += 100) {
      await sleep(100);
    }
  }

  async function compare(deviceId: string): Promise<void> {
    const library = manager.status()?.libraryPath ?? '';
    const before = await readDirectly(library, deviceId);
    await settled(deviceId, Date.now());
    const said = everyMetric.map(({ key }) => manager.describe(deviceId, key));
    const after = await readDirectly(library, deviceId);
    for (const description of said) {
      const key = description.metric;
      const one = {
        key,
        before: before.get(key) ?? [],
        said: description,
        after: after.get(key) ?? [],
      };
      compared.set(key, [...(compared.get(key) ?? []), one]);
    }
  }

  beforeAll(async () => {
    manager = await GPUClusteringManager.open({ devices: 'all' });
    for (const { deviceId } of manager.listDevices()) await compare(deviceId);
  }, 240_000);

  afterAll(() => manager.shutdown());

  it('is not simulated and covers every GPU that nvidia-smi lists', () => {
    const uuids = execFileSync('nvidia-smi', ['--query-gpu=uuid', '--format=csv,noheader']);
    const listed = uuids.toString().trim().split('\n').sort();
    const devices = manager.listDevices().filter((device) => device.parentDeviceId === undefined);
    expect(devices.map(({ deviceId }) => deviceId).sort()).toEqual(listed);
    for (const id of listed) expect(manager.getMetrics(id)).not.toHaveProperty('simulated', true);
  });

  it.for(everyMetric)('agrees with a direct reading: $key', ({ key }, context) => {
    const all = compared.get(key) ?? [];
    expect(all).not.toEqual([]);
    const instead = fallbacks.get(key);
    const needed = all.filter((_, device) => {
      const other = instead === undefined ? undefined : compared.get(instead)?.[device];
      return other?.said.value === undefined;
    });
    const verdicts = needed.map(judge);
    expect(verdicts.filter((verdict) => !verdict.agrees)).toEqual([]);
    const told = verdicts.some((verdict) => verdict.agrees && verdict.how === 'value');
    if (!told) context.skip('no device here tells it, neither to gpuring nor directly');
  });
});
