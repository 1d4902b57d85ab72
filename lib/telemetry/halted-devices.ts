import type { NativeSession } from '../native.js';

/**
 * Devices that are not asked anything, because a driver call about them may never return. They are
 * asked again when something says that it is worth trying.
 */
export class HaltedDevices {
  readonly #session: NativeSession;
  readonly #rows = new Map<string, number>();

  constructor(session: NativeSession) {
    this.#session = session;
  }

  halt(deviceId: string, row: number): void {
    if (this.#rows.has(deviceId)) return;
    this.#rows.set(deviceId, row);
    this.#session.unwatch([row]);
  }

  /** Undefined: all of them. */
  release(deviceId: string | undefined): void {
    for (const [halted, row] of [...this.#rows]) {
      if (deviceId !== undefined && halted !== deviceId) continue;
      this.#rows.delete(halted);
      this.#session.watch([row]);
    }
  }
}
