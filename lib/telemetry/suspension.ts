import { type ErrorCode, GPUError } from '../errors.js';
import type { NativeSession } from '../native.js';
import type { DriverState } from './live-status.js';
import { until } from './until.js';

export interface SuspensionOptions {
  readonly session: NativeSession;
  readonly timeoutMs: number;
  driverState(): DriverState;
  /** What the latest readings of the devices failed with. */
  failures(): readonly ErrorCode[];
}

/** Lets go of the driver and takes it up again: one after the other, in the order of the calls. */
export class Suspension {
  readonly #options: SuspensionOptions;
  #latest: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SuspensionOptions) {
    this.#options = options;
  }

  /** @throws GPUError ERR_GPU_TIMEOUT, ERR_GPU_CLOSED */
  suspend(): Promise<void> {
    return this.#afterLatest(async () => {
      const { session, timeoutMs } = this.#options;
      session.suspend();
      if (await this.#waitFor(['suspended'])) return;
      throw new GPUError('ERR_GPU_TIMEOUT', `the driver was not let go of within ${timeoutMs} ms`, {
        hint: 'a driver call does not return; it goes once that does, unless you resume()',
      });
    });
  }

  /** @throws GPUError ERR_GPU_SUSPENDED, ERR_GPU_DRIVER_GONE, ERR_GPU_CLOSED */
  resume(): Promise<void> {
    return this.#afterLatest(async () => {
      const { session } = this.#options;
      session.resume();
      if (!(await this.#waitFor(['serving', 'released']))) throw this.#refused();
    });
  }

  /** What waits ends with ERR_GPU_CLOSED. */
  close(): void {
    this.#closed = true;
  }

  async #waitFor(states: readonly DriverState[]): Promise<boolean> {
    const { driverState, timeoutMs } = this.#options;
    const isOver = () => this.#closed || states.includes(driverState());
    return (await until(() => (isOver() ? true : undefined), { timeoutMs })) ?? false;
  }

  #refused(): GPUError {
    const { driverState, failures, timeoutMs } = this.#options;
    if (driverState() === 'suspended') {
      const message = `the driver was not taken up again within ${timeoutMs} ms`;
      return new GPUError('ERR_GPU_SUSPENDED', message, {
        hint: 'another manager in this process holds it suspended, or it does not answer',
      });
    }
    const isOfDriver = (code: ErrorCode) => !code.startsWith('ERR_GPU_DEVICE_');
    const code = failures().find(isOfDriver) ?? 'ERR_GPU_DRIVER_GONE';
    return new GPUError(code, `the driver is not back after ${timeoutMs} ms`, {
      hint: 'it is opened again and again; status().driver says when it serves',
    });
  }

  #afterLatest(run: () => Promise<void>): Promise<void> {
    const requireOpen = () => {
      if (this.#closed) throw new GPUError('ERR_GPU_CLOSED', 'the cluster was shut down meanwhile');
    };
    const done = this.#latest.then(async () => {
      requireOpen();
      await run();
      requireOpen();
    });
    this.#latest = done.catch(() => undefined);
    return done;
  }
}
