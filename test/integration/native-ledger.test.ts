import { afterEach, describe, expect, it } from 'vitest';
import type { NativeSession } from '../../lib/native.js';
import { untyped } from '../support/cluster.js';
import { closeAll, header, layout, open, start, until } from '../support/native-session.js';
import { runProgram } from '../support/program.js';

afterEach(closeAll);

const host = [{ board: 'h100' }];
const logHalf = 2 * layout.ledgerLogWord;

function inPlace(session: NativeSession): Int32Array {
  const block = session.block();
  if (block === undefined) throw new Error('no external memory here');
  return new Int32Array(block);
}

function cellOf(shard: number, row: number, cell: number): number {
  const { firstLedgerWord, ledgerShardStrideWords, ledgerRowStrideWords } = layout;
  return 2 * (firstLedgerWord + shard * ledgerShardStrideWords + row * ledgerRowStrideWords) + cell;
}

describe('the ledger', () => {
  it('gives each session a shard, once', async () => {
    const opening = start(host);
    expect(opening.claimLedger()).toBe(-1);
    await until(() => opening.state() === 'running');
    const other = await open(host);
    const [mine, theirs] = [opening.claimLedger(), other.claimLedger()];
    expect([mine, theirs].sort()).toEqual([0, 1]);
    expect(opening.claimLedger()).toBe(mine);
    expect(header(other, layout.ledgerSharesWord)).toBe(2);
    expect(header(other, layout.ledgerShardsWord)).toBe(3);
    opening.close();
    expect(opening.claimLedger()).toBe(-1);
    expect(header(other, layout.ledgerSharesWord)).toBe(1);
  });

  it('is one memory for all sessions, and for those that do not see it', async () => {
    const [one, other] = [await open(host), await open(host)];
    const shard = one.claimLedger();
    other.claimLedger();
    const cells = inPlace(one);
    expect(cells.length).toBe(2 * (layout.firstLedgerWord + 64 * layout.ledgerShardStrideWords));
    const [first, last] = [cellOf(shard, 0, 0), cellOf(shard, 255, 15)];
    Atomics.store(cells, first, 640);
    one.storeLedger(last, -5);
    expect(Atomics.load(inPlace(other), first)).toBe(640);
    expect(other.loadLedger(first)).toBe(640);
    expect(Atomics.load(cells, last)).toBe(-5);
    expect(one.addLedger(last, 2 ** 32 + 7)).toBe(-5);
    expect(other.loadLedger(last)).toBe(2);
    const clock = other.addLedger(2 * layout.ledgerClockWord, 1);
    expect(Atomics.load(cells, 2 * layout.ledgerClockWord)).toBe(clock + 1);
    other.storeLedger(logHalf + (clock & 255), 0x10003);
    expect(Atomics.load(cells, logHalf + (clock & 255))).toBe(0x10003);
  });

  it("refuses what is not the session's own", async () => {
    const [one, other] = [await open(host), await open(host)];
    const [mine, theirs] = [one.claimLedger(), other.claimLedger()];
    other.storeLedger(cellOf(theirs, 0, 0), 64);
    const foreign = [cellOf(theirs, 0, 0), 2 * layout.ledgerSharesWord, 2 * layout.periodMsWord];
    const nonsense = [-1, 0.5, Number.NaN, 2 ** 33, inPlace(one).length, '0', undefined, {}];
    for (const half of [...foreign, ...nonsense] as number[]) {
      one.storeLedger(half, 9);
      expect(one.addLedger(half, 9)).toBe(0);
    }
    for (const half of [...nonsense, 2 * layout.periodMsWord] as number[]) {
      expect(one.loadLedger(half)).toBe(0);
    }
    expect(one.loadLedger(cellOf(theirs, 0, 0))).toBe(64);
    expect(one.loadLedger(2 * layout.ledgerSharesWord)).toBe(2);
    one.storeLedger(cellOf(mine, 0, 0), untyped('5'));
    expect(one.loadLedger(cellOf(mine, 0, 0))).toBe(0);
  });

  it('is zeroed where a session closes, and what it still writes is refused', async () => {
    const [one, other] = [await open(host), await open(host)];
    const shard = one.claimLedger();
    other.claimLedger();
    const clock = other.loadLedger(2 * layout.ledgerClockWord);
    for (const row of [0, 100, 255]) one.storeLedger(cellOf(shard, row, 4), 64);
    one.close();
    for (const row of [0, 100, 255]) expect(other.loadLedger(cellOf(shard, row, 4))).toBe(0);
    expect(other.loadLedger(2 * layout.ledgerClockWord)).toBe(clock + layout.ledgerLogEntries);
    one.storeLedger(cellOf(shard, 0, 0), 64);
    one.addLedger(cellOf(shard, 0, 0), 64);
    expect(other.loadLedger(cellOf(shard, 0, 0))).toBe(0);
    const next = await open(host);
    expect(next.claimLedger()).toBe(shard);
  });

  it('has room for 64 sessions', async () => {
    const sessions = await Promise.all(Array.from({ length: 65 }, () => open(host)));
    const shards = sessions.map((session) => session.claimLedger());
    expect(shards.toSorted((a, b) => a - b)).toEqual([-1, ...Array(64).keys()]);
    sessions[7]?.close();
    expect(sessions[shards.indexOf(-1)]?.claimLedger()).toBe(shards[7]);
  });

  it('keeps nothing of workers that end, however they do', async () => {
    const { stdout, stderr } = await runProgram('integration/programs/ledger-in-worker.cjs');
    expect(stderr).toBe('');
    const [shard, others, held, left, ticks] = [1, 2, 65, 0, layout.ledgerLogEntries];
    const told = ['terminate', 'exit', 'throw', 'close'].map((how) => {
      return { how, shard, others, held, left, ticks };
    });
    expect(JSON.parse(stdout)).toEqual({ own: 0, told });
  });
});

describe('the word of changes', () => {
  it('moves with samples, and whenever the list of devices does', async () => {
    const session = await open(host, { periodMs: 5 });
    const cells = inPlace(session);
    const changes = () => Atomics.load(cells, 2 * layout.changesWord);
    const first = changes();
    await until(() => changes() - first > 20);
    expect(header(session, layout.changesWord)).toBeGreaterThanOrEqual(first + 20);
  });
});
