import { describe, expect, it } from 'vitest';
import { FakeBlock, type FakeDevice, FakeSession } from '../../support/fake-native.js';
import { liveParts } from '../../support/live-parts.js';
import { refusal } from '../../support/refusal.js';

const gpus: readonly FakeDevice[] = [0, 1, 2].map((index) => ({
  uuid: `GPU-${index}`,
  name: 'fake',
  index,
  row: index,
  pciBusId: `0000000${index}:00:00.0`,
}));
const [first, second, third] = gpus as [FakeDevice, FakeDevice, FakeDevice];
const lost = { ...second, present: false };
const parent: FakeDevice = { ...first, migEnabled: true };
const instance: FakeDevice = {
  uuid: 'MIG-1',
  name: 'fake MIG 1g.10gb',
  index: 0,
  row: 3,
  parentUuid: 'GPU-0',
  migProfile: '1g.10gb',
  gpuInstanceId: 7,
  computeInstanceId: 0,
};

function open(
  devices: readonly FakeDevice[],
  filter?: Parameters<typeof liveParts>[1],
  environment?: Parameters<typeof liveParts>[2],
) {
  const block = new FakeBlock();
  const session = new FakeSession({ block, devices, firstSample: [1, 2, 3, 4, 5] });
  const parts = liveParts(session, filter, environment);
  const ids = () => [...parts.devices.current.keys()];
  return { ...parts, session, ids, begin: () => parts.devices.begin(0) };
}

describe('the devices of a live cluster', () => {
  it('costs no native call while the list stays as it is', () => {
    const { session, begin, ids } = open(gpus);
    begin();
    const before = session.calls.length;
    for (let times = 0; times < 5; times++) expect(ids()).toHaveLength(3);
    expect(session.calls.length).toBe(before);
    session.list(gpus);
    ids();
    ids();
    expect(session.calls.slice(before)).toEqual(['devices']);
  });

  it('takes in who comes and has them polled', () => {
    const { session, begin, ids, live, devices } = open([first]);
    begin();
    session.list([first, { ...third, row: 5 }]);
    expect(ids()).toEqual(['GPU-0', 'GPU-2']);
    expect(session.watched).toEqual([0, 5]);
    expect(live.getMetrics('GPU-2')).toMatchObject({ powerWatts: 5 });
    expect([devices.deviceIdOf(5), devices.deviceIdOf(1)]).toEqual(['GPU-2', undefined]);
  });

  it('goes by the row that is named, not by the place in the list', () => {
    const { session, begin, ids, live } = open([
      { ...third, row: 2 },
      { ...first, row: 0 },
    ]);
    begin();
    session.list([{ ...first, row: 0 }, second, { ...third, row: 2 }]);
    ids();
    expect(live.getFailure('GPU-2')).toBeUndefined();
    expect(session.watched).toEqual([2, 0, 1]);
  });

  it('polls who got the row of an instance that is gone, and calls it by its own number', () => {
    const { session, begin, ids, devices } = open([parent, instance]);
    begin();
    session.list([parent]);
    ids();
    session.list([parent, { ...instance, uuid: 'MIG-2', number: 4 }]);
    expect(ids()).toEqual(['GPU-0', 'MIG-2']);
    expect(session.watched).toContain(3);
    expect([devices.deviceIdOf(3), devices.deviceIdOf(4)]).toEqual(['MIG-1', 'MIG-2']);
    expect(devices.rowOf('MIG-1')).toBeUndefined();
  });

  it('polls a row no more that somebody got who is none of this cluster', () => {
    const { session, begin, ids } = open([parent, instance], ['GPU-0', 'MIG-1']);
    begin();
    session.list([parent]);
    ids();
    session.list([parent, { ...instance, uuid: 'MIG-2', number: 4 }]);
    expect(ids()).toEqual(['GPU-0']);
    expect(session.watched).toEqual([0]);
    session.list([parent, { ...instance, number: 5 }]);
    ids();
    expect(session.watched).toEqual([0, 3]);
  });

  it("reads nobody else's row, where that changes hands while it reads", () => {
    const { session, begin, ids, devices } = open([parent, instance]);
    begin();
    ids();
    const reads: number[] = [];
    const found = devices.inRowOf('MIG-1', (row) => {
      reads.push(row);
      if (reads.length > 1) return 'its own';
      session.list([parent, { ...instance, uuid: 'MIG-2', number: 4 }, { ...instance, row: 6 }]);
      return "another's";
    });
    expect([found, reads]).toEqual(['its own', [3, 6]]);
    session.list([parent]);
    expect(devices.inRowOf('MIG-1', () => "another's")).toBeUndefined();
  });

  it('forgets the numbers of long ago, and of nobody who is there', () => {
    const { session, begin, ids, devices } = open([parent, instance]);
    begin();
    const last = 20_000;
    for (let number = 4; number <= last; number += 2000) {
      const came = Array.from({ length: 2000 }, (_, more) => number + more);
      const others = came.map((one) => ({ ...instance, uuid: `MIG-${one}`, number: one, row: 4 }));
      session.list([parent, instance, ...others]);
      ids();
    }
    session.list([parent, instance]);
    ids();
    const known = [0, 3, 4, last].map((number) => devices.deviceIdOf(number));
    expect(known).toEqual(['GPU-0', 'MIG-1', undefined, `MIG-${last}`]);
  });

  it('keeps a GPU that is lost, without the index that the driver no longer gives it', () => {
    const { session, begin, ids, devices } = open(gpus);
    begin();
    session.list([first, { ...third, index: 1 }, lost]);
    expect(ids()).toEqual(['GPU-0', 'GPU-2', 'GPU-1']);
    expect(devices.current.get('GPU-1')).not.toHaveProperty('index');
    expect(devices.current.get('GPU-2')).toMatchObject({ index: 1, cudaIndex: 2 });
  });

  it('has MIG instances as devices, which go and may come back', () => {
    const { session, begin, ids, devices } = open([first, second]);
    begin();
    session.list([parent, instance, second]);
    expect(ids()).toEqual(['GPU-0', 'MIG-1', 'GPU-1']);
    expect(devices.current.get('GPU-0')).toMatchObject({ migEnabled: true });
    expect(devices.current.get('MIG-1')).toMatchObject({
      parentDeviceId: 'GPU-0',
      migProfile: '1g.10gb',
      gpuInstanceId: 7,
      computeInstanceId: 0,
      cudaIndex: 0,
    });
    expect(devices.current.get('GPU-0')).not.toHaveProperty('cudaIndex');
    session.list([parent, second]);
    expect(ids()).toEqual(['GPU-0', 'GPU-1']);
    expect(devices.rowOf('MIG-1')).toBeUndefined();
    expect(devices.deviceIdOf(3)).toBe('MIG-1');
    session.list([parent, instance, second]);
    expect(ids()).toContain('MIG-1');
    expect(session.watched).toEqual([0, 1, 3]);
  });

  it('hands on where its memory is', () => {
    const { begin, devices } = open([{ ...first, numaNode: 1, unifiedMemory: true }]);
    begin();
    expect(devices.current.get('GPU-0')).toMatchObject({ numaNode: 1, unifiedMemory: true });
  });

  it('follows the driver, which may be another version after it was lost', () => {
    const { session, begin, devices } = open([first]);
    begin();
    session.currentDriver = { ...session.currentDriver, driverVersion: '2.0', simulation: '{}' };
    session.list([first]);
    expect(devices.current.get('GPU-0')).toMatchObject({ driverVersion: '2.0', simulated: true });
    expect(devices.simulated).toBe(true);
  });
});

describe('the option devices, when the list changes', () => {
  it('visible: by the rule of CUDA_VISIBLE_DEVICES as it was at the open', () => {
    const { session, begin, ids } = open([first], 'visible', {
      CUDA_VISIBLE_DEVICES: 'GPU-0,GPU-2',
    });
    begin();
    session.list(gpus);
    expect(ids()).toEqual(['GPU-0', 'GPU-2']);
  });

  it('visible: a lost GPU counts, so that no other one takes its ordinal', () => {
    const { session, begin, ids } = open(gpus, 'visible', { CUDA_VISIBLE_DEVICES: '0,1' });
    begin();
    session.list([first, { ...third, index: 1 }, lost]);
    expect(ids()).toEqual(['GPU-0', 'GPU-1']);
  });

  it('visible: a split GPU comes with its instances, an instance alone', () => {
    const all = [parent, instance, second];
    const visible = (list: string) => {
      const { begin, ids } = open(all, 'visible', { CUDA_VISIBLE_DEVICES: list });
      begin();
      return ids();
    };
    expect(visible('0')).toEqual(['GPU-0', 'MIG-1']);
    expect(visible('MIG-1')).toEqual(['MIG-1']);
    expect(visible('1')).toEqual(['GPU-1']);
  });

  it('a list: what it names and nothing else, whatever its index is by then', () => {
    const { session, begin, ids } = open(gpus, [2, 'GPU-0']);
    begin();
    expect(ids()).toEqual(['GPU-2', 'GPU-0']);
    session.list([{ ...third, index: 0 }, { ...first, index: 2 }, { ...instance }, second]);
    expect(ids()).toEqual(['GPU-2', 'GPU-0']);
  });

  it('a list: an index is that of a GPU which is there, and of no instance', () => {
    const { begin, ids } = open([parent, instance, { ...lost, index: 0 }], [0]);
    begin();
    expect(ids()).toEqual(['GPU-0']);
  });

  it('has to be there at the open', () => {
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => open(gpus, ['GPU-7']).begin());
    refusal('ERR_GPU_DUPLICATE_DEVICE', () => open(gpus, [0, 'GPU-0']).begin());
    const hidden = open(gpus, 'visible', { CUDA_VISIBLE_DEVICES: '' });
    expect(() => hidden.begin()).toThrow(expect.objectContaining({ code: 'ERR_GPU_NO_DEVICE' }));
  });

  it.each(['visible', ['GPU-1'], [1]] as const)(
    'waits for %s while the driver is left alone from the start',
    (filter) => {
      const { session, begin, ids } = open([], filter, {});
      session.driverIs('released');
      expect(begin()()).toBe(true);
      expect(ids()).toEqual([]);
      session.driverIs('serving');
      session.list([second]);
      expect(ids()).toEqual(['GPU-1']);
      expect(session.watched).toEqual([1]);
    },
  );
});

describe('the first reading', () => {
  it('is done once each row was polled since, not when it ever was', () => {
    const block = new FakeBlock();
    const session = new FakeSession({ block });
    block.publish(0, [1, 1, 1, 2, 3]);
    const polled = liveParts(session).devices.begin(0);
    expect(polled()).toBe(false);
    block.fail(0, 1);
    expect(polled()).toBe(true);
  });

  it('need not be waited for where others keep it recent', () => {
    const block = new FakeBlock();
    const nowMs = Number(process.hrtime.bigint()) / 1e6;
    block.publish(0, [1, nowMs, 1, 2, 3]);
    expect(liveParts(new FakeSession({ block })).devices.begin(60_000)()).toBe(true);
  });
});

describe('the topology', () => {
  const links = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ link: 1, nvlinkCount: index }));

  it('is that of the devices that were chosen, in their order', () => {
    const { session, begin, devices } = open(gpus, ['GPU-2', 'GPU-0']);
    begin();
    session.links = links(9);
    const cells = devices.topology();
    expect(cells.map((row) => row.map((cell) => cell?.nvlinkCount))).toEqual([
      [8, 6],
      [2, 0],
    ]);
  });

  it('is unknown where the driver says nothing', () => {
    const { begin, devices } = open([first, second]);
    begin();
    expect(devices.topology()).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });
});
