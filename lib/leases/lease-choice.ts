import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import type { Outlook, Scene } from '../selection/pipeline.js';
import type { DeviceLoads } from './device-loads.js';
import type { LeaseDemand } from './lease-demand.js';
import type { LeaseRoom } from './lease-room.js';
import { DeviceHolding, type LeasedDevice, type LeasedDevices } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import type { LiveLeases } from './live-leases.js';

/** Others may take first what was chosen; after so many times somebody else's turn is better. */
const mostAttempts = 4;

export interface LeaseChoiceParts {
  readonly board: Board;
  readonly devices: LeasedDevices;
  readonly ledger: Ledger;
  readonly loads: DeviceLoads;
  readonly live: LiveLeases;
  readonly room: LeaseRoom;
  /** @throws GPUError ERR_GPU_CLOSED */
  assertOpen(): void;
}

/** Chooses devices and enters them in the ledger in one step. */
export class LeaseChoice {
  readonly #parts: LeaseChoiceParts;
  readonly #board: Board;
  readonly #devices: LeasedDevices;
  readonly #live: LiveLeases;
  readonly #ledger: Ledger;

  constructor(parts: LeaseChoiceParts) {
    this.#parts = parts;
    this.#board = parts.board;
    this.#devices = parts.devices;
    this.#live = parts.live;
    this.#ledger = parts.ledger;
  }

  /**
   * What the request is given, entered; undefined: nothing now.
   * @throws what the user's filters and policies throw, with nothing entered
   */
  enter(demand: LeaseDemand, withheld: ReadonlySet<number>): readonly DeviceHolding[] | undefined {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const { scene, version } = this.#look();
      const pipeline = demand.pipeline(withheld);
      const indexes =
        demand.terms.criteria.count > 1
          ? pipeline.chooseGroup(scene)
          : oneOf(pipeline.choose(scene));
      this.#parts.assertOpen();
      if (indexes === undefined) return undefined;
      // A filter of the user's may have leased or released: what was chosen is out of date then.
      if (this.#board.views !== scene.views || this.#ledger.version !== version) continue;
      const chosen = indexes.map((index) => this.#devices.at(index));
      const holdings = chosen.map((device) => holdingOf(device, demand));
      if (this.#enterAll(holdings, demand)) return holdings;
    }
    return undefined;
  }

  /** All or, where they do not fit or something throws, none of them. */
  #enterAll(holdings: readonly DeviceHolding[], demand: LeaseDemand): boolean {
    const live = this.#live;
    const entered = holdings.filter((holding) => live.enter(holding));
    let isFit = false;
    try {
      isFit = entered.length === holdings.length && this.#fit(holdings, demand);
      this.#parts.assertOpen();
    } finally {
      if (!isFit) for (const holding of entered) live.leave(holding, holding.kib);
    }
    return isFit;
  }

  /** How each device stands to the request, in the order of `devices`. */
  outlook(demand: LeaseDemand, withheld: ReadonlySet<number>): readonly Outlook[] {
    const { scene } = this.#look();
    const outlook = demand.pipeline(withheld).outlook(scene);
    this.#parts.assertOpen();
    return outlook;
  }

  #look(): { readonly scene: Scene; readonly version: number } {
    const scene = this.#board.scene();
    return { scene, version: this.#ledger.version };
  }

  #fit(holdings: readonly DeviceHolding[], { terms }: LeaseDemand): boolean {
    const { room } = this.#parts;
    const { criteria } = terms;
    const isLimited = criteria.minMemoryBytes > 0 || criteria.maxInFlight < Infinity;
    if (!isLimited || !this.#ledger.isShared) return true;
    return holdings.every((holding) => room.fits(holding, terms));
  }
}

function oneOf(index: number): readonly number[] | undefined {
  return index === -1 ? undefined : [index];
}

function holdingOf(device: LeasedDevice, { terms }: LeaseDemand): DeviceHolding {
  const weight = terms.criteria.weight * weightSteps;
  if (weight === weightSteps && terms.kib === 0) return device.unit;
  return new DeviceHolding(device, weight, terms.kib);
}
