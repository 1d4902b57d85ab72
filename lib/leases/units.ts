import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
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

  /** Enters one, and says of which device, by its index; -1: there is none. @throws as `catchUp` */
  enter(): number {
    this.#refresh();
    return this.#enter();
  }

  #refresh(): void {
    if (!this.#board.isFresh || !this.#ledger.isAlone) this.#catchUp();
  }

  /** As `enter`, of a board and a ledger that are up to date. */
  #enter(): number {
    const board = this.#board;
    const index = board.fastest();
    if (index === -1) return -1;
    const devices = this.#devices;
    const row = devices.rows[index] as number;
    const inFlight = this.#ledger.addPlain(row, devices.numbers[index] as number, weightSteps);
    if (inFlight < 0) return -1;
    board.taken(index, inFlight);
    return index;
  }

  /** 0: there is none. @throws as `catchUp`, and as `TokenTable.reserve` */
  acquire(): number {
    this.#refresh();
    this.#tokens.reserve(); // not earlier: code of users may take tokens while it catches up
    const index = this.#enter();
    return index === -1 ? 0 : this.#tokens.issueOf(this.#devices.rows[index] as number);
  }

  /**
   * False: not by this way. Where the board is fresh, the row of a token is that of a device that
   * is listed, and has the number of that in the ledger: tokens of others have no row any more.
   */
  release(token: number): boolean {
    const board = this.#board;
    const row = board.isFresh ? this.#tokens.takeRow(token) : -1;
    if (row === -1) return false;
    const devices = this.#devices;
    const index = devices.indexOfRow(row);
    const number = devices.numbers[index] as number;
    board.loadChanged(index, this.#ledger.removePlain(row, number, weightSteps));
    return true;
  }
}
