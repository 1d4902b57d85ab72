import type { Board } from '../selection/board.js';
import type { DeviceHolding, LeasedDevices } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import type { TokenTable } from './token-table.js';

export interface UnitsParts {
  readonly board: Board;
  readonly devices: LeasedDevices;
  readonly ledger: Ledger;
  readonly tokens: TokenTable<DeviceHolding>;
  /**
   * Brings board and ledger up to date, with what others changed.
   * @throws GPUError ERR_GPU_CLOSED, ERR_GPU_LEDGER_FULL
   */
  catchUp(): void;
}

/**
 * Leases of weight 1 without memory or terms, of the least loaded device: what is done most, so it
 * goes by the shortest way.
 */
export class Units {
  readonly #board: Board;
  readonly #devices: LeasedDevices;
  readonly #ledger: Ledger;
  readonly #tokens: TokenTable<DeviceHolding>;
  readonly #catchUp: () => void;

  constructor(parts: UnitsParts) {
    this.#board = parts.board;
    this.#devices = parts.devices;
    this.#ledger = parts.ledger;
    this.#tokens = parts.tokens;
    this.#catchUp = parts.catchUp;
  }

  /** Entered; undefined: there is none. @throws as `catchUp` */
  enter(): DeviceHolding | undefined {
    if (!this.#board.isFresh || !this.#ledger.isAlone) this.#catchUp();
    const board = this.#board;
    const index = board.fastest();
    if (index === -1) return undefined;
    const unit = this.#devices.units[index] as DeviceHolding;
    const inFlight = this.#ledger.add(unit);
    if (inFlight < 0) return undefined;
    board.taken(index, inFlight);
    return unit;
  }

  /** 0: there is none. @throws as `catchUp` */
  acquire(): number {
    const tokens = this.#tokens;
    if (tokens.isFull) tokens.grow();
    const unit = this.enter();
    return unit === undefined ? 0 : tokens.issue(unit);
  }

  /** False: not by this way. */
  release(token: number): boolean {
    if (!this.#board.isFresh) return false;
    const holding = this.#tokens.take(token);
    if (holding === undefined) return false;
    const inFlight = this.#ledger.remove(holding, holding.kib);
    const index = this.#devices.indexOfRow(holding.row);
    if (inFlight >= 0 && index !== -1) this.#board.loadChanged(index, inFlight);
    return true;
  }
}
