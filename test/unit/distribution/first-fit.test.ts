import { describe, expect, it } from 'vitest';
import { FirstFit } from '../../../lib/distribution/first-fit.js';
import { unassignedOwner } from '../../../lib/distribution/plan.js';
import { Room } from '../../../lib/distribution/room.js';
import { jobOf } from '../../support/jobs.js';
import { randomFrom } from '../../support/random.js';

const random = randomFrom(4);
const below = (end: number) => Math.floor(random() * end);

function randomJob() {
  const count = 1 + below(20);
  const limits = (end: number) =>
    Float64Array.from({ length: count }, () => (random() < 0.3 ? Infinity : below(end)));
  const itemCount = below(40);
  const numbers = (end: number) => Float64Array.from({ length: itemCount }, () => below(end));
  return {
    ...jobOf({}, { bytes: numbers(30), costs: numbers(5) }),
    deviceIds: Array.from({ length: count }, (_, place) => `d${place}`),
    speeds: Float64Array.from({ length: count }, () => below(3)),
    byteLimits: limits(80),
    itemLimits: limits(6),
    costLimits: limits(12),
  };
}

describe('FirstFit', () => {
  it('puts each item on the smallest device that has room', () => {
    for (let run = 0; run < 500; run += 1) {
      const job = randomJob();
      const order = Uint32Array.from(job.bytes?.keys() ?? []).filter(() => random() < 0.9);
      const devices = [...job.deviceIds.keys()]
        .filter((device) => job.speeds[device] !== 0)
        .sort((a, b) => {
          const [one = 0, other = 0] = [job.byteLimits[a], job.byteLimits[b]];
          return one === other ? a - b : one - other;
        });
      const room = new Room(job);
      const expected = new Uint32Array(job.itemCount).fill(unassignedOwner);
      for (const item of order) {
        const device = devices.find((one) => room.fits(one, item));
        if (device === undefined) continue;
        expected[item] = device;
        room.take(device, item);
      }
      expect(new FirstFit(job).place(order, job.bytes ?? new Float64Array())).toEqual(expected);
    }
  });
});
