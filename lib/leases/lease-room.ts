import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import { freeMemoryBytes } from '../selection/policies/score.js';
import type { DeviceLoads } from './device-loads.js';
import type { LeaseTerms } from './lease-request.js';
import type { DeviceHolding } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { noFigures } from './ledger-entries.js';

const bytesPerKiB = 1024;
/** How often one looks whether another, who has to give way first, has done so. */
const mostLooks = 16;

export interface LeaseRoomParts {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly loads: DeviceLoads;
}

/**
 * Whether a lease that is entered in the ledger fits beside those that others entered meanwhile.
 * Everyone enters first and looks then, so of two who do it at once at least one sees the other.
 */
export class LeaseRoom {
  readonly #board: Board;
  readonly #ledger: Ledger;
  readonly #loads: DeviceLoads;
  readonly #figures = noFigures();

  constructor({ board, ledger, loads }: LeaseRoomParts) {
    this.#board = board;
    this.#ledger = ledger;
    this.#loads = loads;
  }

  /** Of two shards that are one too many, the higher one gives way: the lower one waits for it. */
  fits(holding: DeviceHolding, terms: LeaseTerms): boolean {
    for (let look = 0; look < mostLooks; look += 1) {
      if (this.#fitsNow(holding, terms)) return true;
      if (!this.#ledger.isHeldAbove(holding)) return false;
    }
    return false;
  }

  #fitsNow(holding: DeviceHolding, terms: LeaseTerms): boolean {
    if (!this.#read(holding)) return false;
    const { criteria } = terms;
    if (this.#figures.inFlight > criteria.maxInFlight * weightSteps) return false;
    if (criteria.minMemoryBytes === 0) return true;
    const room = this.#roomKiB(holding);
    const wanted = Math.ceil(criteria.minMemoryBytes / bytesPerKiB) - terms.kib;
    return room === undefined || room >= Math.max(0, wanted);
  }

  /**
   * Figures that go with the latest sample: what its owner forgot because a newer sample shows it
   * must be counted by that newer one. False: the device is gone.
   */
  #read({ on }: DeviceHolding): boolean {
    for (;;) {
      if (on.index === -1) return false;
      const seen = this.#loads.seenOf(on.index);
      this.#ledger.readInto(on, seen, this.#figures);
      this.#board.refresh();
      if (this.#board.numberOf(on.index) !== on.number) return false;
      if (this.#loads.seenOf(on.index) === seen) return true;
    }
  }

  /** What is left now that all are entered; undefined: unknown. Below 0: too much was promised. */
  #roomKiB({ on }: DeviceHolding): number | undefined {
    const view = this.#board.views[on.index];
    if (view === undefined) return undefined;
    const { memoryUnknown, memoryBytes } = view.device;
    const { leasedKiB, pendingKiB, unseenKiB } = this.#figures;
    const total = memoryUnknown ? undefined : Math.floor(memoryBytes / bytesPerKiB) - leasedKiB;
    const free = freeMemoryBytes(view.sensed);
    if (free === undefined) return total;
    const left = Math.floor(free / bytesPerKiB) - pendingKiB - unseenKiB;
    return Math.min(left, total ?? left);
  }
}
