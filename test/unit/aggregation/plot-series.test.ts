import { describe, expect, it } from 'vitest';
import { untyped } from '../../support/cluster.js';
import { liveWindows } from '../../support/live-windows.js';
import { refusal } from '../../support/refusal.js';

const options = { deviceId: 'GPU-0', metric: 'powerWatts', windowMs: 1000, points: 4 } as const;
const slices = [
  [1000, 1, 5, 2, 3],
  [1500, 2, 9, 4, 1],
];

function columns(length: number) {
  const column = () => new Float64Array(length).fill(-1);
  return { timestampsMs: column(), min: column(), max: column(), mean: column() };
}

describe('a series for a plot', () => {
  it('is a point for each slice with samples', () => {
    const { manager, native } = liveWindows();
    native.slices = slices;
    expect(manager.series(options)).toEqual({
      deviceId: 'GPU-0',
      metric: 'powerWatts',
      unit: 'W',
      count: 2,
      timestampsMs: Float64Array.of(1000, 1500),
      min: Float64Array.of(1, 2),
      max: Float64Array.of(5, 9),
      mean: Float64Array.of(2, 4),
    });
    native.slices = [];
    expect(manager.series(options)).toMatchObject({ count: 0, mean: new Float64Array() });
  });

  it('is written into arrays of the caller', () => {
    const { manager, native } = liveWindows();
    native.slices = slices;
    const into = columns(5);
    const series = manager.series({ ...options, into });
    expect([...into.max]).toEqual([5, 9, -1, -1, -1]);
    expect(series.max.buffer).toBe(into.max.buffer);
    expect(series.max).toHaveLength(2);
  });

  it('is written into the memory of arrays, whatever their class says of them', () => {
    const { manager, native } = liveWindows();
    native.slices = slices;
    class Odd extends Float64Array {
      static get [Symbol.species]() {
        return untyped(Float32Array);
      }
      override get length() {
        return untyped('long');
      }
      override subarray(): never {
        throw new Error('no part');
      }
    }
    const column = () => new Odd(4);
    const into = { timestampsMs: column(), min: column(), max: column(), mean: column() };
    const { max, timestampsMs } = manager.series({ ...options, into });
    expect(max).toEqual(Float64Array.of(5, 9));
    expect(timestampsMs).toEqual(Float64Array.of(1000, 1500));
    expect(into.max[1]).toBe(9);
    const short = { ...into, mean: new Odd(3) };
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.series({ ...options, into: short }));
  });

  it.each([
    ['ERR_GPU_OUT_OF_RANGE', { points: 0 }],
    ['ERR_GPU_OUT_OF_RANGE', { points: 65_537 }],
    ['ERR_GPU_OUT_OF_RANGE', { points: 1.5 }],
    ['ERR_GPU_OUT_OF_RANGE', { windowMs: 0 }],
    ['ERR_GPU_OUT_OF_RANGE', { last: 5 }],
    ['ERR_GPU_OUT_OF_RANGE', { into: columns(3) }],
    ['ERR_GPU_INVALID_TYPE', { points: undefined }],
    ['ERR_GPU_INVALID_TYPE', { into: { ...columns(4), mean: [1, 2, 3, 4] } }],
    ['ERR_GPU_INVALID_TYPE', { into: { ...columns(4), mean: undefined } }],
    ['ERR_GPU_UNKNOWN_OPTION', { into: { ...columns(4), median: new Float64Array(4) } }],
    ['ERR_GPU_UNKNOWN_OPTION', { device: 'GPU-0' }],
    ['ERR_GPU_INVALID_TYPE', { deviceId: undefined }],
    ['ERR_GPU_UNKNOWN_DEVICE', { deviceId: 'GPU-7' }],
    ['ERR_GPU_UNKNOWN_METRIC', { metric: 'watts' }],
    ['ERR_GPU_UNKNOWN_METRIC', { metric: undefined }],
  ] as const)('%s: %o', (code, given) => {
    const { manager } = liveWindows();
    refusal(code, () => manager.series(untyped({ ...options, ...given })));
  });

  it('is asked for', () => {
    const { manager } = liveWindows();
    refusal('ERR_GPU_INVALID_TYPE', () => manager.series(untyped(undefined)));
  });
});
