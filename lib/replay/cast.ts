import { Ledger } from '../leases/ledger.js';
import { ledgerCellCount, ownLedgerLayout } from '../leases/ledger-layout.js';
import { policyNames, type SelectionPolicyName } from '../selection/request.js';
import { DispatcherSeat } from './dispatcher-seat.js';
import type { Dispatchers } from './engine.js';
import { oracleOf } from './oracle.js';
import type { ReplayStage } from './replay.js';

export type ReplayPolicy = SelectionPolicyName | 'oracle';
/** The policies of selection, and one that knows what none can. */
export const replayPolicies: readonly ReplayPolicy[] = [...policyNames, 'oracle'];

export type LedgerKind = 'shared' | 'private';

/**
 * The dispatchers of a replay: each chooses and leases by code and data of its own, as a thread of
 * a server would. A shared ledger is one that all of them write and read, private ones know only
 * what their own dispatcher placed.
 */
export function castOf(
  policy: ReplayPolicy,
  { ledger, stage }: { readonly ledger: LedgerKind; readonly stage: ReplayStage },
): Dispatchers {
  const { dispatchers, seed } = stage.settings;
  const ledgers = ledger === 'shared' ? sharedLedgers(stage) : privateLedgers(stage);
  const chosen = policy === 'oracle' ? oracleOf(stage) : policy;
  const seats = ledgers.map(
    (own, place) =>
      new DispatcherSeat(stage, { ledger: own, policy: chosen, seed: seed * dispatchers + place }),
  );
  return {
    acquire: ({ dispatcher, session }) => seats[dispatcher]?.acquire(session),
    publish(samples) {
      for (const seat of seats) seat.publish(samples);
    },
  };
}

function privateLedgers({ settings, gpus }: ReplayStage): readonly Ledger[] {
  return Array.from({ length: settings.dispatchers }, () => Ledger.private(gpus.length));
}

/** One memory, a shard for each dispatcher, as threads of a process have it. */
function sharedLedgers({ settings, gpus }: ReplayStage): readonly Ledger[] {
  const { dispatchers } = settings;
  const layout = ownLedgerLayout(gpus.length, dispatchers);
  const cells = new Int32Array(ledgerCellCount(layout));
  return Array.from({ length: dispatchers }, (_, shard) => {
    const claim = () => {
      cells[layout.shares] = (cells[layout.shares] ?? 0) + 1;
      const word = layout.shards + (shard >>> 5);
      cells[word] = (cells[word] ?? 0) | (1 << (shard & 31));
      return shard;
    };
    return new Ledger({ layout, cells, claim });
  });
}
