import type { LatestSample } from '../selection/board-view.js';
import type { LiveTelemetry } from './live.js';
import { monotonicMs } from './monotonic.js';
import type { GPUMetrics } from './sample.js';

/** What was read of one device of a live cluster: its row of the block, and slow readings. */
export class LiveRow implements LatestSample {
  readonly #telemetry: LiveTelemetry;
  readonly #deviceId: string;
  /** The row as doubles, in the layout's order. */
  readonly words: Float64Array;
  /** Metrics of it that were worked out. */
  estimatedBits = 0;
  /** °C below its slowdown point, as the driver says it; undefined: it does not. */
  marginCelsius: number | undefined = undefined;
  /** Where the driver says the point instead. */
  slowdownCelsius: number | undefined = undefined;
  isFrozen = false;
  #startMs = -Infinity;
  #latest: { -readonly [K in keyof GPUMetrics]: GPUMetrics[K] } | undefined;

  constructor(telemetry: LiveTelemetry, deviceId: string, words: number) {
    this.#telemetry = telemetry;
    this.#deviceId = deviceId;
    this.words = new Float64Array(words);
  }

  /** A sample that began then, on the monotonic clock. */
  take(words: Float64Array, estimatedBits: number, startMs: number): void {
    this.words.set(words);
    this.estimatedBits = estimatedBits;
    this.#startMs = startMs;
    this.#latest = undefined;
  }

  /** Made once; its age is that of now. */
  latest(): GPUMetrics {
    const { words, estimatedBits } = this;
    const nowMs = monotonicMs();
    this.#latest ??= this.#telemetry.sampleIn(this.#deviceId, words, estimatedBits).at(nowMs);
    this.#latest.ageMs = Math.max(0, nowMs - this.#startMs);
    return this.#latest;
  }
}
