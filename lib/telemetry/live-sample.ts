import type { NativeModule } from '../native.js';
import {
  FilledSample,
  type MetricKey,
  metricTable,
  type SampleContent,
} from './metrics.generated.js';
import type { GPUMetrics } from './sample.js';

const keys: readonly MetricKey[] = metricTable.map(({ key }) => key);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a sample's words lie: in a row of the block, or in a record of a history. */
export interface SampleWords {
  readonly words: Float64Array;
  /** Of the sequence; monotonic and Unix time follow it. */
  readonly at: number;
  readonly metricsAt: number;
}

/** What a sample says: filled again and again, and never handed out. */
export class LiveSample implements SampleContent {
  deviceId = '';
  simulated = false;
  /** What was worked out; undefined: nothing. */
  estimated: readonly MetricKey[] | undefined = undefined;
  timestampMs = 0;
  /** On the monotonic clock. */
  startMs = 0;
  /** Undefined at first: an engine would keep nothing but numbers unboxed, and box them anew. */
  readonly values: (number | undefined)[] = keys.map(() => undefined);

  /** The sample at that time, on the monotonic clock: an object of the caller's own. */
  at(nowMs: number): Mutable<GPUMetrics> {
    const ageMs = Math.max(0, nowMs - this.startMs);
    const made = new FilledSample(this, ageMs) as Mutable<GPUMetrics>;
    if (this.estimated !== undefined) made.estimated = [...this.estimated];
    return made;
  }
}

/** Reads samples out of words of the native side. */
export class SampleReader {
  /** In the table's order: place in the addon's; -1: it has none. */
  readonly #places: readonly number[];
  /** One of each set of properties, by that set. */
  readonly #shapes = new Map<number, object>();

  constructor({ metricKeys, tierEnds }: Pick<NativeModule, 'metricKeys' | 'tierEnds'>) {
    const fast = metricKeys.slice(0, tierEnds[0]);
    this.#places = keys.map((key) => fast.indexOf(key));
  }

  read({ words, at, metricsAt }: SampleWords, into: LiveSample): void {
    const { values, simulated } = into;
    let known = 0;
    for (let place = 0; place < this.#places.length; place++) {
      const metric = this.#places[place] as number;
      const value = metric < 0 ? Number.NaN : (words[metricsAt + metric] as number);
      const isKnown = !Number.isNaN(value);
      values[place] = isKnown ? value : undefined;
      if (isKnown) known |= 1 << place;
    }
    into.timestampMs = words[at + 2] as number;
    into.startMs = words[at + 1] as number;
    if (!this.#shapes.has(simulated ? ~known : known)) this.#shape(into, known);
  }

  /**
   * Where an engine has once seen something else than numbers in a property, it keeps numbers there
   * by reference: samples share them then, and take half the time to make.
   */
  #shape({ simulated, values }: LiveSample, known: number): void {
    const nothing = values.map((value) => (value === undefined ? undefined : null));
    const content = { deviceId: '', timestampMs: null, values: nothing, simulated };
    this.#shapes.set(simulated ? ~known : known, new FilledSample(content, null));
  }
}

/** By the bits of a row. Division, not shifts: those have 32 bits. */
export function isEstimated(bits: number, metric: number): boolean {
  return bits !== 0 && Math.floor(bits / 2 ** metric) % 2 === 1;
}
