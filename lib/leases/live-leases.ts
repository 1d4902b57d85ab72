import type { DeviceLoads } from './device-loads.js';
import type { HeldLease } from './held-lease.js';
import type { DeviceHolding, LeasedDevice } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { TokenTable } from './token-table.js';

/** The live leases of one manager, and that the ledger is their sum. Nothing here throws. */
export class LiveLeases {
  readonly #ledger: Ledger;
  readonly #loads: DeviceLoads;
  readonly #held: HeldLease[] = [];
  readonly tokens: TokenTable<DeviceHolding> = new TokenTable();
  /** Another one whenever leases came or went. */
  version = 0;

  constructor(ledger: Ledger, loads: DeviceLoads) {
    this.#ledger = ledger;
    this.#loads = loads;
  }

  get count(): number {
    return this.#held.length + this.tokens.size;
  }

  get held(): readonly HeldLease[] {
    return this.#held;
  }

  /** Enters what somebody is about to hold; `keep` or `leave` has to follow. False: no room. */
  enter(holding: DeviceHolding): boolean {
    this.version = (this.version + 1) | 0;
    const inFlight = this.#ledger.add(holding);
    if (inFlight < 0) return false;
    this.#loads.changedTo(holding.on, inFlight);
    return true;
  }

  leave(holding: DeviceHolding, pendingKiB: number): void {
    this.version = (this.version + 1) | 0;
    const inFlight = this.#ledger.remove(holding, pendingKiB);
    if (inFlight >= 0) this.#loads.changedTo(holding.on, inFlight);
  }

  /** Whether anybody wants to hear of the end of one. */
  get isWatched(): boolean {
    return this.#held.some(({ extras }) => extras?.controller !== undefined);
  }

  keep(held: HeldLease): void {
    held.place = this.#held.length;
    this.#held.push(held);
  }

  /** Ends it. False: it was over. */
  end(held: HeldLease): boolean {
    const { place } = held;
    if (place === -1) return false;
    held.place = -1;
    const last = this.#held.pop();
    if (last !== undefined && last !== held) {
      last.place = place;
      this.#held[place] = last;
    }
    const { holdings } = held;
    for (let index = 0; index < holdings.length; index += 1) {
      this.leave(holdings[index] as DeviceHolding, held.pendingKiB);
    }
    return true;
  }

  on(device: LeasedDevice): readonly HeldLease[] {
    return this.#held.filter(({ holdings }) => holdings.some(({ on }) => on === device));
  }

  tokensOn(device: LeasedDevice): readonly number[] {
    const tokens = [...this.tokens.entries()];
    return tokens.filter(([, { on }]) => on === device).map(([token]) => token);
  }
}
