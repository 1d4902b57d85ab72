import { getEventListeners } from 'node:events';
import { vi } from 'vitest';
import type { Patience } from '../../lib/leases/patience.js';
import { AdmissionQueue } from '../../lib/leases/queue.js';
import { FakeGrantor, type FakeLease, type FakeRequest } from './fake-grantor.js';

/** One who asked for a lease, and what has become of it. */
export class Asker {
  readonly controller = new AbortController();
  lease: FakeLease | undefined;
  reason: unknown;
  settled = 0;

  constructor(queue: AdmissionQueue<FakeRequest, FakeLease>, ask: Ask) {
    const { priority = 0, timeoutMs = Infinity, request } = ask;
    const signal = this.controller.signal;
    queue.acquire(request, { priority, timeoutMs, signal }).then(
      (lease) => {
        this.settled += 1;
        this.lease = lease;
      },
      (reason) => {
        this.settled += 1;
        this.reason = reason;
      },
    );
  }

  /** 'waiting', 'granted', or the code or message of why not. */
  get state(): string {
    if (this.settled === 0) return 'waiting';
    if (this.lease !== undefined) return 'granted';
    if (!(this.reason instanceof Error)) return String(this.reason);
    return 'code' in this.reason ? String(this.reason.code) : this.reason.message;
  }

  get listeners(): number {
    return getEventListeners(this.controller.signal, 'abort').length;
  }
}

export interface Ask extends Partial<Omit<Patience, 'signal'>> {
  readonly request: FakeRequest;
}

/** A queue over fake devices; time stands still but for `pass`. Needs `useStillTime`. */
export class QueueRig {
  readonly grantor: FakeGrantor;
  readonly queue: AdmissionQueue<FakeRequest, FakeLease>;

  constructor(rooms: readonly number[], { maxQueue = 100 }: { readonly maxQueue?: number } = {}) {
    this.grantor = new FakeGrantor(rooms);
    this.queue = new AdmissionQueue(this.grantor, { maxQueue });
  }

  ask(request: FakeRequest, patience: Omit<Ask, 'request'> = {}): Asker {
    return new Asker(this.queue, { ...patience, request });
  }

  release(asker: Asker, heldMs = 0): void {
    if (asker.lease !== undefined && this.grantor.release(asker.lease)) {
      this.queue.released(heldMs);
    }
  }
}

/** Until the matching `vi.useRealTimers()`. */
export function useStillTime(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
}

/** Lets promises come to what they will. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await null;
}

export async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}
