import type { DeviceLoads } from './device-loads.js';
import type { HeldLease, LeaseKeeper } from './held-lease.js';
import { allHeld, type LeaseTag, takeTag, vacate } from './lease-tags.js';
import type { DeviceHolding, LeasedDevice, LeasedDevices } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { TokenTable } from './token-table.js';

export interface LiveLeasesParts {
  /** Whose they are. */
  readonly keeper: LeaseKeeper;
  readonly ledger: Ledger;
  readonly loads: DeviceLoads;
  readonly devices: LeasedDevices;
}

/**
 * The live leases of one manager, and that the ledger is their sum. Nothing here throws, but
 * `tokens` where there are too many.
 */
export class LiveLeases {
  readonly #keeper: LeaseKeeper;
  readonly #ledger: Ledger;
  readonly #loads: DeviceLoads;
  #count = 0;
  readonly tokens: TokenTable<DeviceHolding>;

  constructor({ keeper, ledger, loads, devices }: LiveLeasesParts) {
    this.#keeper = keeper;
    this.#ledger = ledger;
    this.#loads = loads;
    this.tokens = new TokenTable((row) => devices.unitOfRow(row));
  }

  get count(): number {
    return this.#count + this.tokens.size;
  }

  /** Leases that are no tokens. */
  get held(): readonly HeldLease[] {
    if (this.#count === 0) return [];
    return allHeld().filter(({ keeper }) => keeper === this.#keeper);
  }

  /** Enters what somebody is about to hold; `keep` or `leave` has to follow. False: no room. */
  enter(holding: DeviceHolding): boolean {
    const inFlight = this.#ledger.add(holding);
    if (inFlight < 0) return false;
    this.#loads.changedTo(holding.on, inFlight);
    return true;
  }

  leave(holding: DeviceHolding, pendingKiB: number): void {
    const inFlight = this.#ledger.remove(holding, pendingKiB);
    if (inFlight >= 0) this.#loads.changedTo(holding.on, inFlight);
  }

  /** Whether anybody wants to hear of the end of one. */
  get isWatched(): boolean {
    return this.held.some(({ extras }) => extras?.controller !== undefined);
  }

  keep(held: HeldLease): LeaseTag {
    const tag = takeTag(held);
    held.place = tag.place;
    this.#count += 1;
    return tag;
  }

  /** Ends it. False: it was over. */
  end(held: HeldLease): boolean {
    if (held.place === -1) return false;
    vacate(held.place);
    held.place = -1;
    this.#count -= 1;
    const { holdings } = held;
    for (let index = 0; index < holdings.length; index += 1) {
      this.leave(holdings[index] as DeviceHolding, held.pendingKiB);
    }
    return true;
  }

  on(device: LeasedDevice): readonly HeldLease[] {
    return this.held.filter(({ holdings }) => holdings.some(({ on }) => on === device));
  }

  tokensOn(device: LeasedDevice): readonly number[] {
    const tokens = [...this.tokens.entries()];
    return tokens.filter(([, { on }]) => on === device).map(([token]) => token);
  }
}
