import { describe, expect, it } from 'vitest';
import { StreamDevices } from '../../../../lib/distribution/stream/stream-devices.js';
import { StreamSimulation } from '../../../support/stream-simulation.js';
import { streamOver } from '../../../support/streams.js';

const itemCount = 1_000_000;
const speeds = [1, 1.5, 2, 3, 5, 8, 13, 21];
const fleet = speeds.map((speed, place) => ({ deviceId: `gpu-${place}`, speed }));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function* numbers(count: number) {
  for (let item = 0; item < count; item += 1) yield item;
}

function numberOfTimes(times: Uint8Array, wanted: number): number {
  let found = 0;
  for (const value of times) if (value === wanted) found += 1;
  return found;
}

describe('a stream over 8 devices of different speed, in virtual time', () => {
  it('delivers a million items exactly once, within 5 % of the bound', async () => {
    const { stream } = streamOver(new StreamDevices(fleet), numbers(itemCount));
    const times = new Uint8Array(itemCount);
    const simulation = new StreamSimulation(stream, {
      costOf: () => 1,
      delivered: (item) => {
        times[item] = (times[item] ?? 0) + 1;
      },
    });
    for (const device of fleet) simulation.start(device);
    await simulation.run();
    const stats = await stream.completion;
    expect(numberOfTimes(times, 1)).toBe(itemCount);
    expect(stats).toMatchObject({ pulled: itemCount, delivered: itemCount, returned: 0 });
    expect(stats).toMatchObject({ acknowledged: itemCount, failed: 0, inFlight: 0, atHand: 0 });
    const bound = itemCount / sum(speeds);
    expect(simulation.makespan).toBeGreaterThanOrEqual(bound);
    expect(simulation.makespan / bound).toBeLessThan(1.05);
  });

  it('loses none when the fastest is lost half way, and repeats only what it held', async () => {
    const devices = new StreamDevices(fleet);
    const { stream } = streamOver(devices, numbers(itemCount));
    const lost = fleet.at(-1) as (typeof fleet)[number];
    const delivered = new Uint8Array(itemCount);
    const done = new Uint8Array(itemCount);
    let count = 0;
    let lostAt = 0;
    let held: readonly number[] = [];
    const simulation = new StreamSimulation<number>(stream, {
      costOf: () => 1,
      delivered: (item) => {
        delivered[item] = (delivered[item] ?? 0) + 1;
      },
      done: (item) => {
        done[item] = (done[item] ?? 0) + 1;
        count += 1;
        if (count !== itemCount / 2) return;
        held = stream.unfinished;
        expect(devices.inFlight(lost.deviceId)).toBe(4);
        lostAt = simulation.nowTime;
        simulation.kill(lost.deviceId);
        devices.lose(lost.deviceId);
      },
    });
    for (const device of fleet) simulation.start({ ...device, readers: 4 });
    await simulation.run();
    const stats = await stream.completion;
    expect(numberOfTimes(done, 1)).toBe(itemCount);
    const repeated = [...delivered.keys()].filter((item) => delivered[item] !== 1);
    expect(repeated).toHaveLength(4);
    for (const item of repeated) {
      expect(delivered[item]).toBe(2);
      expect(held).toContain(item);
    }
    expect(stats).toMatchObject({ pulled: itemCount, acknowledged: itemCount, returned: 4 });
    // The lost one was at work until then, the others all the time.
    const bound = (itemCount - lost.speed * lostAt) / sum(speeds.slice(0, -1));
    expect(simulation.makespan).toBeGreaterThanOrEqual(bound);
    expect(simulation.makespan / bound).toBeLessThan(1.05);
    for (const { deviceId } of fleet) expect(devices.inFlight(deviceId)).toBe(0);
  });
});
