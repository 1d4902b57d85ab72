import { expect, it } from 'vitest';
import { readRequest } from '../../../../lib/selection/criteria.js';
import type { DeviceView } from '../../../../lib/selection/device-view.js';
import { Pipeline } from '../../../../lib/selection/pipeline.js';
import { PolicyState } from '../../../../lib/selection/policy-state.js';
import { SnapshotView } from '../../../../lib/selection/snapshot-view.js';

function view(deviceId: string, speed: number, inFlight: number): DeviceView {
  const device = { deviceId, name: deviceId, vendor: 'nvidia', memoryBytes: 2 ** 34 };
  const metrics = { deviceId, timestampMs: 0, computeUtilizationPercent: 50 };
  return Object.assign(new SnapshotView({ device, metrics }, speed), { inFlight });
}

/** How often each device is taken. */
function taken(views: readonly DeviceView[], times = 400): readonly number[] {
  const request = readRequest({ policy: 'least-loaded' }, Number.POSITIVE_INFINITY);
  const pipeline = new Pipeline(request, new PolicyState({ seed: 3 }));
  const counts = views.map(() => 0);
  for (let time = 0; time < times; time++) {
    const index = pipeline.choose({ views, nowMs: 0 });
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

it('least-loaded takes the emptier of equally loaded devices, whatever their order', () => {
  // Each would be through with one more at the same time.
  const views = [view('fast', 1, 3), view('slow', 0.25, 0), view('middle', 0.5, 1)];
  expect(taken(views)).toEqual([0, 400, 0]);
});

it('least-loaded draws among devices that are equal in that too', () => {
  const views = [view('a', 0.5, 1), view('b', 0.5, 1), view('full', 0.5, 2)];
  const [a = 0, b = 0, full] = taken(views);
  expect(full).toBe(0);
  expect(Math.min(a, b)).toBeGreaterThan(100);
});

it('least-loaded does not take the emptier one where the other is done earlier', () => {
  for (const queued of [1, 10, 1000]) {
    const slower = { inFlight: queued, speed: 0.5 * (1 - 1e-3) };
    const views = [
      view('slower', slower.speed, slower.inFlight),
      view('faster', 1, 2 * queued + 1),
    ];
    expect(taken(views, 20)).toEqual([0, 20]);
  }
});
