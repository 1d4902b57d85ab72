import type { NativeModule, NativeSession } from '../native.js';
import type { BlockReader } from './block.js';
import type { DriverEvent, DriverEventKind } from './cluster-events.js';

/** Sequence, Unix ms, monotonic ms, kind, row, code, count. */
const recordDoubles = 7;
const recordsAtOnce = 256;

/** An event with the row of its device; undefined: about the driver, or of no known device. */
export interface RowEvent extends Omit<DriverEvent, 'deviceId'> {
  readonly row: number | undefined;
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
  *read(): Generator<RowEvent | number> {
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

  #event(at: number): RowEvent {
    const [
      sequence = 0,
      timestampMs = 0,
      monotonicMs = 0,
      kind = 0,
      row = -1,
      code = 0,
      count = 1,
    ] = this.#records.subarray(at, at + recordDoubles);
    return {
      sequence,
      timestampMs,
      monotonicMs,
      kind: (this.#native.eventKinds[kind] ?? 'other') as DriverEventKind,
      row: row < 0 ? undefined : row,
      code,
      count,
    };
  }
}
