import { describe, expect, it, vi } from 'vitest';
import { StreamDevices } from '../../../../lib/distribution/stream/stream-devices.js';
import { HandSource, streamOver, turns } from '../../../support/streams.js';

describe('a device that is lost', () => {
  it('ends its readers, and gives what they had to others, in order', async () => {
    const { stream, devices } = streamOver(['a', 'b'], [0, 1, 2, 3]);
    const lost = [stream.itemsOf('a'), stream.itemsOf('a')];
    expect(await lost[1]?.next()).toMatchObject({ value: 0 });
    expect(await lost[0]?.next()).toMatchObject({ value: 1 });
    const interrupted = lost[0]?.signal;
    const source = new HandSource();
    const other = streamOver(devices, source);
    const waiting = other.stream.itemsOf('a').next();
    expect(devices.lose('a')).toBe(true);
    expect(await waiting).toEqual({ done: true, value: undefined });
    await turns();
    expect(interrupted?.reason).toMatchObject({ code: 'ERR_GPU_DEVICE_LOST' });
    expect(await lost[0]?.next()).toEqual({ done: true, value: undefined });
    const got: number[] = [];
    for await (const item of stream.itemsOf('b')) got.push(item);
    expect(got).toEqual([0, 1, 2, 3]);
    expect(await stream.completion).toMatchObject({ acknowledged: 4, returned: 2, delivered: 6 });
    expect(devices.inFlight('a')).toBe(0);
    other.stream.cancel();
  });

  it('that is drained ends what it has, and gets nothing more', async () => {
    const { stream, devices } = streamOver(['a', 'b'], [0, 1]);
    const drained = stream.itemsOf('a');
    await drained.next();
    devices.drain('a');
    expect(stream.deviceIds).toEqual(['b']);
    expect(devices.inFlight('a')).toBe(1);
    expect(await drained.next()).toEqual({ done: true, value: undefined });
    expect(stream.stats()).toMatchObject({ acknowledged: 1, returned: 0 });
    expect(await stream.itemsOf('b').next()).toMatchObject({ value: 1 });
    expect(await stream.itemsOf('a').next()).toMatchObject({ done: true });
  });

  it('that is the last one fails the stream, and what is left can be had', async () => {
    const source = new HandSource();
    const { stream, devices } = streamOver(['a'], source, { prefetch: 1 });
    const [one, two] = [stream.itemsOf('a'), stream.itemsOf('a')];
    const first = one.next();
    source.give();
    await first;
    const waiting = two.next();
    devices.lose('a');
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    expect(stream.unfinished).toEqual([0]);
    source.give();
    await turns();
    expect(stream.unfinished).toEqual([0, 1]);
    expect(source.returns).toBe(1);
    expect(stream.stats()).toMatchObject({ pulled: 2, acknowledged: 0, inFlight: 0, waiting: 0 });
  });

  it('may have been the last one at work on the last item: all is done then', async () => {
    const { stream, devices } = streamOver(['a', 'b'], [0]);
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
    await a.next();
    const waiting = b.next();
    devices.drain('b');
    expect(await waiting).toMatchObject({ done: true });
    devices.drain('a');
    expect(stream.stats().inFlight).toBe(1);
    expect(await a.next()).toMatchObject({ done: true });
    expect(await stream.completion).toMatchObject({ pulled: 1, acknowledged: 1 });
  });

  it('fails a stream of which nobody knows whether there is more', async () => {
    const { stream, devices } = streamOver(['a'], [0]);
    const items = stream.itemsOf('a');
    await items.next();
    devices.drain('a');
    await expect(items.next()).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    expect(stream.unfinished).toEqual([]);
    expect(stream.stats()).toMatchObject({ pulled: 1, acknowledged: 1 });
  });

  it('takes part again when it is back, with new readers; one that is added does too', async () => {
    const { stream, devices } = streamOver(['a'], [0, 1, 2, 3]);
    const [first, second] = [stream.itemsOf('a'), stream.itemsOf('a')];
    await first.next();
    expect(() => stream.itemsOf('b')).toThrow(
      expect.objectContaining({ code: 'ERR_GPU_UNKNOWN_DEVICE' }),
    );
    devices.add({ deviceId: 'b' });
    const other = stream.itemsOf('b');
    await other.next();
    devices.lose('a');
    devices.add({ deviceId: 'a' });
    expect(await second.next()).toMatchObject({ done: true });
    // What it lost is for others; until they ask, it gets what is new.
    expect(await stream.itemsOf('a').next()).toMatchObject({ value: 2 });
    expect(await other.next()).toMatchObject({ value: 0 });
    expect(stream.stats().devices.get('a')).toMatchObject({ delivered: 2, isOpen: true });
  });

  it('fails a stream at once that has none', async () => {
    const { stream } = streamOver([], [1]);
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    await expect(stream.run(() => {})).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
  });
});

describe('an item that nobody gets done', () => {
  it('is given up after so many attempts, and told of', async () => {
    const error = new Error('poison');
    const { stream } = streamOver(['a', 'b'], [0, 1, 2], { maxAttempts: 2 });
    const stats = await stream.run((item) => {
      if (item === 1) throw error;
    });
    expect(stats).toMatchObject({ acknowledged: 2, failed: 1, returned: 1, delivered: 4 });
    expect(stream.failed).toEqual([
      { item: 1, index: 1, attempts: 2, deviceId: expect.any(String), error },
    ]);
    expect(stream.unfinished).toEqual([]);
  });

  it('goes to a callback instead, which may end the stream by throwing', async () => {
    const told: number[] = [];
    const onFailed = ({ item }: { readonly item: number }) => {
      told.push(item);
      if (item === 2) throw new Error('that is too much');
    };
    const { stream } = streamOver(['a'], [0, 1, 2, 3], { maxAttempts: 1, onFailed });
    const run = stream.run((item) => {
      if (item > 0) throw new Error('poison');
    });
    await expect(run).rejects.toMatchObject({ cause: { message: 'that is too much' } });
    expect(told).toEqual([1, 2]);
    expect(stream.failed.map(({ item }) => item)).toEqual([2]);
  });

  it('is tried on another device, if one is at work', async () => {
    const { stream } = streamOver(
      ['bad', 'good'],
      Array.from({ length: 50 }, (_, item) => item),
    );
    const stats = await stream.run(async (_item, { deviceId }) => {
      if (deviceId === 'bad') throw new Error('everything fails here, and fast');
      await turns(1);
    });
    expect(stats).toMatchObject({ acknowledged: 50, failed: 0 });
    expect(stats.devices.get('good')).toMatchObject({ acknowledged: 50 });
  });

  it('counts losses of its device as attempts: it may be what kills them', async () => {
    const ids = ['a', 'b', 'c'];
    const { stream, devices } = streamOver(ids, [0], { maxAttempts: 2 });
    for (const deviceId of ['a', 'b']) {
      await stream.itemsOf(deviceId).next();
      devices.lose(deviceId);
    }
    expect(await stream.itemsOf('c').next()).toMatchObject({ done: true });
    expect(await stream.completion).toMatchObject({ failed: 1, acknowledged: 0 });
    expect(stream.failed[0]).toMatchObject({
      deviceId: 'b',
      error: { code: 'ERR_GPU_DEVICE_LOST' },
    });
  });
});

describe('costs', () => {
  it('are in flight, in 64ths', async () => {
    const { stream, devices } = streamOver(['a'], [0.1, 4], { costs: (item) => item });
    await stream.itemsOf('a').next();
    expect(devices.inFlight('a')).toBe(7 / 64);
    await stream.itemsOf('a').next();
    expect(devices.inFlight('a')).toBe(4 + 7 / 64);
    stream.cancel();
    expect(devices.inFlight('a')).toBe(0);
  });

  it.each([0, -1, NaN, Infinity, '1', undefined])('of %s fail the stream', async (cost) => {
    const { stream } = streamOver(['a'], [7], { costs: () => cost as number });
    await expect(stream.itemsOf('a').next()).rejects.toMatchObject({
      code: 'ERR_GPU_INVALID_TYPE',
      cause: expect.any(Error),
    });
    expect(stream.unfinished).toEqual([7]);
  });
});

describe('run', () => {
  it('has so many at a time on each device, those that come later too', async () => {
    const devices = new StreamDevices([{ deviceId: 'a' }]);
    const { stream } = streamOver(
      devices,
      Array.from({ length: 40 }, (_, item) => item),
    );
    const now = new Map<string, number>();
    const most = new Map<string, number>();
    const stats = await stream.run(
      async (item, { deviceId, attempt, index }) => {
        expect([attempt, index]).toEqual([1, item]);
        const count = (now.get(deviceId) ?? 0) + 1;
        now.set(deviceId, count);
        most.set(deviceId, Math.max(count, most.get(deviceId) ?? 0));
        if (item === 4) devices.add({ deviceId: 'b' });
        await turns(1);
        now.set(deviceId, count - 1);
      },
      { concurrency: (deviceId) => (deviceId === 'a' ? 2 : 3) },
    );
    expect(stats.acknowledged).toBe(40);
    expect([...most]).toEqual([
      ['a', 2],
      ['b', 3],
    ]);
  });

  it('does not wait for a worker that hangs on a lost device', async () => {
    const { stream, devices } = streamOver(['a', 'b'], [0, 1, 2]);
    const heard = vi.fn();
    const stats = await stream.run(async (item, { deviceId, signal }) => {
      if (deviceId === 'b') return;
      signal.addEventListener('abort', heard);
      if (item === 0) devices.lose('a');
      await new Promise(() => {});
    });
    expect(stats).toMatchObject({ acknowledged: 3, returned: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('rejects with the reason of the signal, and tells the workers', async () => {
    const controller = new AbortController();
    const { stream } = streamOver(['a'], [0, 1], { signal: controller.signal });
    const reason = new Error('stop');
    let told: unknown;
    const run = stream.run(async (_item, { signal }) => {
      controller.abort(reason);
      await turns(1);
      told = signal.reason;
    });
    await expect(run).rejects.toBe(reason);
    await turns();
    expect(told).toBe(reason);
  });

  it('leaves time to others, though no worker ever waits', async () => {
    const { stream } = streamOver(
      ['a'],
      Array.from({ length: 20_000 }, (_, item) => item),
    );
    let turnsSeen = 0;
    const timer = setInterval(() => {
      turnsSeen += 1;
    }, 0);
    await stream.run(() => {});
    clearInterval(timer);
    expect(turnsSeen).toBeGreaterThan(0);
  });

  it.each([0, 1.5, '2', Infinity])('refuses a concurrency of %s', async (concurrency) => {
    const { stream } = streamOver(['a'], [1]);
    await expect(stream.run(() => {}, { concurrency: concurrency as never })).rejects.toMatchObject(
      {
        code: expect.stringMatching(/ERR_GPU_(OUT_OF_RANGE|INVALID_TYPE)/),
      },
    );
  });
});
