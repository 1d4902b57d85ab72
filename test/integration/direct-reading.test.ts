// The comparison of test/gpu, tried on the simulated driver: there the two readings lie in two
// processes, so that counters, which begin anew in each, are compared by being there.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { AnyMetricKey } from '../../lib/telemetry/metrics.generated.js';
import { simulatedDriverPath } from '../../lib/testing/index.js';
import { type DirectReading, readDirectly } from '../support/direct-reading.js';
import { type Compared, everyMetric, judge } from '../support/metric-agreement.js';

const load = { shape: 'constant', percent: 60 } as const;
const boards = ['h100', 'a100', 'l4', 't4', 'rtx4090', 'k40m', 'v100s'] as const;
const scenario = { seed: 11, devices: boards.map((board) => ({ board, load })) };

/** What is asked only where something better is not there, or worked out. */
const ours = new Set<AnyMetricKey>(['pcieTransmitBytesPerSecond', 'pcieReceiveBytesPerSecond']);

async function untilSampled(manager: GPUClusteringManager, deviceId: string): Promise<void> {
  const waits = ({ key }: { readonly key: AnyMetricKey }) =>
    !ours.has(key) && manager.describe(deviceId, key).state === 'not-sampled';
  for (let tries = 0; tries < 300 && everyMetric.some(waits); tries++) await sleep(50);
}

function comparedWith(direct: DirectReading, manager: GPUClusteringManager, deviceId: string) {
  return everyMetric
    .filter(({ key }) => !ours.has(key))
    .map(({ key }): Compared => {
      const answers = direct.get(key) ?? [];
      return { key, before: answers, said: manager.describe(deviceId, key), after: answers };
    });
}

describe('a direct reading of the simulated driver', () => {
  it('says of every metric of every board what the package says', async () => {
    const manager = await GPUClusteringManager.open({ simulate: scenario, periodMs: 50 });
    const environment = { ...process.env, GPURING_SCENARIO: JSON.stringify(scenario) };
    for (const { deviceId, name } of manager.listDevices()) {
      await untilSampled(manager, deviceId);
      await sleep(1200); // GPM tells from its second sample on
      const direct = await readDirectly(simulatedDriverPath(), deviceId, environment);
      const compared = comparedWith(direct, manager, deviceId);
      const verdicts = compared.map((one) => {
        const isCounter = everyMetric.some(
          ({ key, kind }) => key === one.key && kind === 'counter',
        );
        const isThere = one.said.value !== undefined;
        if (!isCounter) return { key: one.key, ...judge(one) };
        const told = one.before.some(({ nvmlReturn }) => nvmlReturn === 0);
        return { key: one.key, agrees: told === isThere || one.said.state === 'estimated' };
      });
      expect({ name, wrong: verdicts.filter(({ agrees }) => !agrees) }).toEqual({
        name,
        wrong: [],
      });
    }
    await manager.shutdown();
  });

  it('can disagree', () => {
    const answer = { nvmlReturn: 0, value: 40, isPlausible: true };
    const said = { state: 'known', value: 40 };
    const one: Compared = {
      key: 'temperatureCelsius',
      before: [answer],
      said,
      after: [{ ...answer, value: 42 }],
    };
    expect(judge(one)).toMatchObject({ agrees: true, how: 'value' });
    expect(judge({ ...one, said: { state: 'known', value: 70 } }).agrees).toBe(false);
    expect(judge({ ...one, said: { state: 'unsupported' } }).agrees).toBe(false);
    const refused = [{ ...answer, nvmlReturn: 3 }];
    expect(judge({ ...one, before: refused, after: refused }).agrees).toBe(false);
  });
});
