// On a real GPU only (npm run test:gpu): what the package says is what nvidia-smi says.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import { metricTable } from '../../lib/telemetry/metrics.generated.js';

const bytesPerMebibyte = 2 ** 20;

// Both look within a second of each other, at a board that is doing something or nothing. What is
// fixed has to agree exactly; the rest within a share of the larger value plus a step.
const loose: Readonly<Record<string, { readonly share: number; readonly step: number }>> = {
  '%': { share: 0.5, step: 30 },
  W: { share: 0.5, step: 20 },
  J: { share: 0.1, step: 2000 },
  '°C': { share: 0.1, step: 5 },
  MHz: { share: 1, step: 0 },
  B: { share: 0.05, step: 64 * bytesPerMebibyte },
};

function askNvidiaSmi(uuid: string, column: string): string | undefined {
  const args = [`--id=${uuid}`, `--query-gpu=${column}`, '--format=csv,noheader,nounits'];
  try {
    const said = execFileSync('nvidia-smi', args, { encoding: 'utf8' }).trim();
    return /^\[.*\]$|N\/A/.test(said) ? undefined : said;
  } catch {
    return undefined; // an nvidia-smi that does not know the column
  }
}

function inPublicUnit(text: string, unit: string): number {
  const number = Number(text.replace(/^P(?=\d)/, ''));
  if (unit === 'B') return number * bytesPerMebibyte;
  return unit === 'J' ? number / 1000 : number;
}

describe('a live reading', () => {
  let manager: GPUClusteringManager;

  beforeAll(async () => {
    manager = await GPUClusteringManager.open({ devices: 'all' });
  });

  afterAll(() => manager.shutdown());

  it('is not simulated and covers every device that nvidia-smi lists', () => {
    const uuids = execFileSync('nvidia-smi', ['--query-gpu=uuid', '--format=csv,noheader']);
    const listed = uuids.toString().trim().split('\n').sort();
    const devices = manager.listDevices().map(({ deviceId }) => deviceId);
    expect([...devices].sort()).toEqual(listed);
    for (const id of devices) expect(manager.getMetrics(id)).not.toHaveProperty('simulated', true);
  });

  it.for(metricTable)('agrees with nvidia-smi: $key', ({ key, unit, column }, context) => {
    let compared = 0;
    for (const { deviceId } of manager.listDevices()) {
      const said = askNvidiaSmi(deviceId, column);
      const value = manager.getMetrics(deviceId)?.[key];
      if (said === undefined || value === undefined) continue;
      compared += 1;
      const expected = inPublicUnit(said, unit);
      const { share, step } = loose[unit] ?? { share: 0, step: 0 };
      const room = share * Math.max(Math.abs(value), Math.abs(expected)) + step;
      expect(Math.abs(value - expected), `${value} and ${expected}`).toBeLessThanOrEqual(room);
    }
    if (compared === 0) context.skip(`no device answers both for ${column}`);
  });
});
