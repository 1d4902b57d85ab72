import type { NativeModule, NativeSession } from '../native.js';
import type { BlockReader } from './block.js';
import type { DriverEvent, DriverEventKind } from './cluster-events.js';

/** Sequence, Unix ms, monotonic ms, kind, number of the device, code, count. */
const recordDoubles = 7;
const recordsAtOnce = 256;

/** An event with the number of its device; undefined: about the driver, or no known device. */
export interface NumberedEvent extends Omit<DriverEvent, 'deviceId'> {
  readonly number: number | undefined;
}

/** Reads the sampler's log of events: each once, in order. */
export class DriverEventReader {
  readonly #native: NativeModule;
  readonly #session: NativeSession;
  readonly #block: BlockReader;
  readonly #records = new Float64Array(recordDoubles * recordsAtOnce);
  #next = 1;

  constructor(native: NativeModule, session: NativeSession, block: BlockReader) {
    this.#native = native;
    this.#session = session;
    this.#block = block;
  }

  /** Reads memory only. */
  get hasNew(): boolean {
    return this.#block.count(this.#native.layout.eventsWord) >= this.#next;
  }

  /** The events that are new; a number stands for so many that were overwritten before. */
  *read(): Generator<NumberedEvent | number> {
    for (;;) {
      const count = this.#session.readEvents(this.#next, this.#records);
      for (let record = 0; record < count; record++) {
        const event = this.#event(record * recordDoubles);
        const lost = event.sequence - this.#next;
        this.#next = event.sequence + 1;
        if (lost > 0) yield lost;
        yield event;
      }
      if (count < recordsAtOnce) return;
    }
  }

  #event(at: number): NumberedEvent {
    const [
      sequence = 0,
      timestampMs = 0,
      monotonicMs = 0,
      kind = 0,
      device = -1,
      code = 0,
      count = 1,
    ] = this.#records.subarray(at, at + recordDoubles);
    return {
      sequence,
      timestampMs,
      monotonicMs,
      kind: (this.#native.eventKinds[kind] ?? 'other') as DriverEventKind,
      number: device < 0 ? undefined : device,
      code,
      count,
    };
  }
}
