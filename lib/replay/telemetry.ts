import type { Random } from '../selection/random.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import type { SimulatedGpu } from './gpu.js';

/** Drivers average utilisation over at most about this. */
const longestWindowMs = 1000;
/** Die and heat sink follow the power within this. */
const heatMs = 9000;
/** Real power readings are never twice the same; this much is well below what a load shows. */
const powerJitter = 0.005;

/** What the driver of a simulated GPU would say, from one reading to the next. */
export class SimulatedSensors {
  readonly #gpu: SimulatedGpu;
  readonly #random: Random;
  readonly #requestBytes: number;
  /** When the window began. */
  #sinceMs = 0;
  #readMs = 0;
  #busyBefore = 0;
  #heat = 0;

  constructor(
    gpu: SimulatedGpu,
    { random, requestBytes }: { readonly random: Random; readonly requestBytes: number },
  ) {
    this.#gpu = gpu;
    this.#random = random;
    this.#requestBytes = requestBytes;
  }

  /** The window over which the next reading averages begins. */
  beginWindow(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#busyBefore = this.#gpu.busyUpTo(nowMs);
  }

  /** Utilisation is that of the window; memory, power and temperature are those of now. */
  read(nowMs: number, timestampMs: number): GPUMetrics {
    const { deviceId, model, background } = this.#gpu;
    const windowMs = nowMs - this.#sinceMs;
    const meanOf = (sum: number) => (windowMs > 0 ? sum / windowMs : 0);
    const own = meanOf(this.#gpu.busyUpTo(nowMs) - this.#busyBefore);
    const others = meanOf(background.busyShare.integral(this.#sinceMs, nowMs));
    const isKnown = background.busyShare.at(nowMs) !== undefined;
    this.#heat += (own - this.#heat) * -Math.expm1((this.#readMs - nowMs) / heatMs);
    this.#readMs = nowMs;
    const watts = this.#gpu.watts(nowMs) * (1 + powerJitter * (2 * this.#random.next() - 1));
    const used = background.usedBytes.at(nowMs);
    const cool = background.celsius?.at(nowMs) ?? this.#modelledCelsius(others);
    return {
      deviceId,
      timestampMs,
      simulated: true,
      ...(isKnown ? { computeUtilizationPercent: percentOf(others + (1 - others) * own) } : {}),
      ...(used === undefined ? {} : this.#memory(used)),
      powerWatts: watts,
      temperatureCelsius: Math.round(cool + Math.max(0, model.fullCelsius - cool) * this.#heat),
    };
  }

  #memory(usedBytes: number) {
    const { totalBytes } = this.#gpu.background;
    const used = usedBytes + this.#gpu.present * this.#requestBytes;
    return { memoryUsedBytes: Math.min(totalBytes, used), memoryTotalBytes: totalBytes };
  }

  #modelledCelsius(busyShare: number): number {
    const { idleCelsius, fullCelsius } = this.#gpu.model;
    return idleCelsius + (fullCelsius - idleCelsius) * busyShare;
  }
}

/** How long before a reading its window begins. */
export function windowOf(telemetryMs: number): number {
  return Math.min(telemetryMs, longestWindowMs);
}

/** In whole percent, as drivers have it. */
function percentOf(share: number): number {
  return Math.round(100 * Math.min(1, Math.max(0, share)));
}
