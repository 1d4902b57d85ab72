import type { SelectionCriteria } from './criteria.js';
import { Decision } from './decision.js';
import type { DeviceView } from './device-view.js';
import { Random } from './random.js';

/** Keys of `affinity` that are remembered; the one that was used longest ago is forgotten first. */
const maxAffinityKeys = 10_000;

export interface PolicyStateOptions {
  /** For choices that repeat. @default another one each time */
  readonly seed?: number | undefined;
}

interface Memory {
  turn: number;
  heldMs: number;
}

/** What policies remember from one choice to the next; one for each manager. */
export class PolicyState {
  readonly random: Random;
  /** By view, so that what was known of a device goes with it. */
  readonly #memories = new WeakMap<DeviceView, Memory>();
  /** In the order of use. */
  readonly #affinity = new Map<string, string>();
  readonly #idle: Decision[] = [];

  constructor({ seed }: PolicyStateOptions = {}) {
    this.random = new Random(seed);
  }

  /** A decision that nobody else is in the midst of: a user's filter may make a choice itself. */
  borrow(criteria: SelectionCriteria): Decision {
    return this.#idle.pop() ?? new Decision(criteria, this.random);
  }

  giveBack(decision: Decision): void {
    this.#idle.push(decision);
  }

  #memoryOf(view: DeviceView): Memory {
    let memory = this.#memories.get(view);
    if (memory === undefined) {
      memory = { turn: 0, heldMs: -Infinity };
      this.#memories.set(view, memory);
    }
    return memory;
  }

  turnOf(view: DeviceView): number {
    return this.#memories.get(view)?.turn ?? 0;
  }

  setTurn(view: DeviceView, turn: number): void {
    this.#memoryOf(view).turn = turn;
  }

  /** When (Unix) a choice last saw work of ours on it, or put it there; -Infinity: never. */
  heldMsOf(view: DeviceView): number {
    return this.#memories.get(view)?.heldMs ?? -Infinity;
  }

  setHeld(view: DeviceView, nowMs: number): void {
    this.#memoryOf(view).heldMs = nowMs;
  }

  /** Where requests of the key went last. */
  deviceOf(key: string | undefined): string | undefined {
    return key === undefined ? undefined : this.#affinity.get(key);
  }

  setDevice(key: string | undefined, deviceId: string): void {
    if (key === undefined) return;
    this.#affinity.delete(key);
    this.#affinity.set(key, deviceId);
    if (this.#affinity.size <= maxAffinityKeys) return;
    for (const oldest of this.#affinity.keys()) {
      this.#affinity.delete(oldest);
      return;
    }
  }
}
