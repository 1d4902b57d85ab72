import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceLatency, failureMs } from '../../../lib/leases/device-latency.js';
import { PeakEwma } from '../../../lib/leases/peak-ewma.js';
import { LeaseRig } from '../../support/lease-rig.js';

const ms = fc.double({ min: 0, max: 1e6, noNaN: true });

describe('a peak EWMA', () => {
  it('knows nothing before it has heard something', () => {
    expect(new PeakEwma(100).at(5)).toBeUndefined();
  });

  it('counts bad news in full, and fades to the mean', () => {
    const ewma = new PeakEwma(100);
    ewma.add(10, 0);
    expect(ewma.at(1000)).toBe(10);
    ewma.add(90, 100);
    const mean = 10 * Math.exp(-1) + 90 * (1 - Math.exp(-1));
    expect(ewma.at(100)).toBeCloseTo(90, 9);
    expect(ewma.at(200)).toBeCloseTo(mean + (90 - mean) * Math.exp(-1), 9);
    expect(ewma.at(1e9)).toBeCloseTo(mean, 9);
  });

  it('stays between the least and the greatest that it heard', () => {
    const news = fc.array(fc.tuple(ms, ms), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(news, ms, (heard, laterMs) => {
        const ewma = new PeakEwma(100);
        let nowMs = 0;
        for (const [latencyMs, passedMs] of heard) {
          nowMs += passedMs;
          ewma.add(latencyMs, nowMs);
          expect(ewma.at(nowMs)).toBeGreaterThanOrEqual(latencyMs * (1 - 1e-9));
        }
        const all = heard.map(([latencyMs]) => latencyMs);
        const now = ewma.at(nowMs + laterMs) ?? Number.NaN;
        expect(now).toBeGreaterThanOrEqual(Math.min(...all) * (1 - 1e-9));
        expect(now).toBeLessThanOrEqual(Math.max(...all) * (1 + 1e-9));
      }),
    );
  });
});

describe('a failure', () => {
  it('is slower than every device, however fast it came, and fades', () => {
    fc.assert(
      fc.property(fc.array(ms, { minLength: 1, maxLength: 5 }), ms, (measured, failedMs) => {
        const devices = measured.map((latencyMs) => {
          const device = new DeviceLatency(100);
          device.add(latencyMs, 0);
          return device;
        });
        const failing = new DeviceLatency(100);
        failing.penalise(failureMs([...devices, failing], failedMs, 1), 1);
        for (const device of devices) {
          expect(failing.at(1)).toBeGreaterThanOrEqual(device.at(1) ?? Number.NaN);
        }
        expect(failing.at(1e6)).toBeUndefined();
      }),
    );
  });

  it('does not grow with the number of failures', () => {
    const device = new DeviceLatency(100);
    device.add(10, 0);
    for (let turn = 0; turn < 50; turn += 1) device.penalise(failureMs([device], 1, turn), turn);
    expect(device.at(50)).toBeLessThanOrEqual(20);
  });

  it('makes a device that fails fast the last to be estimated done', () => {
    const rig = new LeaseRig();
    for (const id of ['a', 'b', 'c']) rig.record(id, 10);
    for (const id of ['a', 'b', 'c']) {
      rig.acquire({ deviceIds: [id] }).release({ latencyMs: 100 });
    }
    rig.acquire({ deviceIds: ['b'] }).release({ latencyMs: 1, failed: true });
    const leases = [0, 1].map(() => rig.acquire({ policy: 'estimated-completion' }));
    expect(leases.map(({ device }) => device.deviceId).sort()).toEqual(['a', 'c']);
  });
});
