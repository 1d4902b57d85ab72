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
      const live = this.#live;
      if (this.#board.views !== scene.views || this.#ledger.version !== version) continue;
      const chosen = indexes.map((index) => this.#devices.at(index));
      const holdings = chosen.map((device) => holdingOf(device, demand));
      const entered = holdings.filter((holding) => live.enter(holding));
      const isWhole = entered.length === holdings.length;
      const isFit = isWhole && this.#fit(holdings, demand);
      this.#parts.assertOpen();
      if (isFit) return holdings;
      for (const holding of entered) live.leave(holding, holding.kib);
    }
    return undefined;
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
