import type { GPUMetrics } from '../telemetry/sample.js';
import { EventHeap } from './event-heap.js';
import type { SimulatedGpu } from './gpu.js';
import type { ReplayRequest } from './requests.js';
import { type SimulatedSensors, windowOf } from './telemetry.js';
import type { VirtualClock } from './virtual-clock.js';

/** A request's place on a GPU, until it is given back. */
export interface Grant {
  /** Which GPU. */
  readonly gpu: number;
  release(): void;
}

/** What places requests: the selection code over what it has been told. */
export interface Dispatchers {
  /** A place for a request; undefined: refused. */
  acquire(request: Pick<ReplayRequest, 'dispatcher' | 'session'>): Grant | undefined;
  /** Every dispatcher learns what the driver says. */
  publish(samples: readonly GPUMetrics[]): void;
}

export interface Simulation {
  readonly clock: VirtualClock;
  readonly gpus: readonly SimulatedGpu[];
  readonly sensors: readonly SimulatedSensors[];
  readonly requests: Iterable<ReplayRequest>;
  readonly dispatchers: Dispatchers;
  readonly telemetryMs: number;
}

export interface Outcome {
  /** Of each request that was served, from its coming until it was done; in that order. */
  readonly latenciesMs: readonly number[];
  readonly refused: number;
  /** Longest less shortest wait, the mean of what each request met when it came. */
  readonly imbalanceMs: number;
  /** When the last request was done. */
  readonly endMs: number;
}

type Event =
  | { readonly kind: 'request'; readonly request: ReplayRequest }
  | { readonly kind: 'done'; readonly grant: Grant; readonly cameMs: number }
  | { readonly kind: 'window' }
  | { readonly kind: 'reading' };

/**
 * Runs until every request is done. Nothing but its arguments decides what comes out: the same
 * requests, seeds and dispatchers give the same outcome.
 */
export function simulate(simulation: Simulation): Outcome {
  return new Run(simulation).toTheEnd();
}

class Run {
  readonly #simulation: Simulation;
  readonly #events = new EventHeap<Event>();
  readonly #coming: Iterator<ReplayRequest>;
  readonly #latenciesMs: number[] = [];
  #placed = 0;
  #came = 0;
  #imbalanceSum = 0;
  #isOver = false;
  #endMs = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#coming = simulation.requests[Symbol.iterator]();
  }

  toTheEnd(): Outcome {
    this.#events.push(0, { kind: 'reading' });
    this.#awaitRequest();
    for (let next = this.#events.pop(); next !== undefined; next = this.#events.pop()) {
      this.#simulation.clock.moveTo(next.atMs);
      this.#happen(next.event, next.atMs);
    }
    return {
      latenciesMs: this.#latenciesMs,
      refused: this.#came - this.#placed,
      imbalanceMs: this.#came === 0 ? 0 : this.#imbalanceSum / this.#came,
      endMs: this.#endMs,
    };
  }

  #happen(event: Event, nowMs: number): void {
    switch (event.kind) {
      case 'request':
        this.#place(event.request, nowMs);
        this.#awaitRequest();
        break;
      case 'done':
        this.#simulation.gpus[event.grant.gpu]?.done();
        event.grant.release();
        this.#latenciesMs.push(nowMs - event.cameMs);
        this.#endMs = nowMs;
        break;
      case 'window':
        for (const sensors of this.#simulation.sensors) sensors.beginWindow(nowMs);
        break;
      case 'reading':
        this.#read(nowMs);
        break;
    }
  }

  #awaitRequest(): void {
    const next = this.#coming.next();
    if (next.done === true) this.#isOver = true;
    else this.#events.push(next.value.atMs, { kind: 'request', request: next.value });
  }

  #place(request: ReplayRequest, nowMs: number): void {
    const { gpus, dispatchers } = this.#simulation;
    this.#came++;
    this.#imbalanceSum += spreadOf(gpus.map((gpu) => gpu.waitMs(nowMs)));
    const grant = dispatchers.acquire(request);
    const gpu = grant === undefined ? undefined : gpus[grant.gpu];
    if (grant === undefined || gpu === undefined) return;
    this.#placed++;
    const finishMs = gpu.take(nowMs, request.workMs);
    this.#events.push(finishMs, { kind: 'done', grant, cameMs: request.atMs });
  }

  #read(nowMs: number): void {
    const { sensors, dispatchers, telemetryMs, clock } = this.#simulation;
    dispatchers.publish(sensors.map((one) => one.read(nowMs, clock.read())));
    const isIdle = this.#latenciesMs.length === this.#placed;
    if (this.#isOver && isIdle) return;
    const nextMs = nowMs + telemetryMs;
    this.#events.push(nextMs - windowOf(telemetryMs), { kind: 'window' });
    this.#events.push(nextMs, { kind: 'reading' });
  }
}

function spreadOf(waitsMs: readonly number[]): number {
  return waitsMs.length === 0 ? 0 : Math.max(...waitsMs) - Math.min(...waitsMs);
}
