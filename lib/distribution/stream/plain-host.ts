import type { StreamDevice, StreamHost, StreamHostListener } from './stream-host.js';

interface Entry {
  readonly device: StreamDevice;
  readonly steps: number;
}

/** As the ledger counts: sums of these are exact, and come back to 0. */
const stepsPerCost = 64;

/** Devices that somebody says there are, and a ledger of their own. */
export class PlainHost implements StreamHost {
  readonly #devices = new Map<string, StreamDevice>();
  /** In steps. */
  readonly #loads = new Map<StreamDevice, number>();
  readonly #entries = new Map<number, Entry>();
  readonly #listeners = new Set<StreamHostListener>();
  #latest = 0;

  /** False: there is one of that id. Streams are told by `changed`. */
  add(device: StreamDevice): boolean {
    if (this.#devices.has(device.deviceId)) return false;
    this.#devices.set(device.deviceId, device);
    return true;
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener.changed();
  }

  drain(deviceId: string): boolean {
    const isThere = this.#devices.delete(deviceId);
    if (isThere) this.changed();
    return isThere;
  }

  lose(deviceId: string): boolean {
    const isThere = this.#devices.delete(deviceId);
    const lost = [...this.#entries].filter(([, { device }]) => device.deviceId === deviceId);
    for (const [entry] of lost) this.leave(entry);
    const isAny = isThere || lost.length > 0;
    if (isAny) this.changed();
    return isAny;
  }

  inFlightOn(deviceId: string): number {
    let steps = 0;
    for (const [device, load] of this.#loads) if (device.deviceId === deviceId) steps += load;
    return steps / stepsPerCost;
  }

  /** Streams that run. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  devices(): readonly StreamDevice[] {
    return [...this.#devices.values()];
  }

  enter(device: StreamDevice, cost: number): number {
    this.#latest += 1;
    const steps = Math.ceil(cost * stepsPerCost);
    this.#entries.set(this.#latest, { device, steps });
    this.#loads.set(device, (this.#loads.get(device) ?? 0) + steps);
    return this.#latest;
  }

  leave(entry: number): void {
    const found = this.#entries.get(entry);
    if (found === undefined) return;
    this.#entries.delete(entry);
    const { device, steps } = found;
    const left = (this.#loads.get(device) ?? 0) - steps;
    if (left > 0) this.#loads.set(device, left);
    else this.#loads.delete(device);
  }

  isHeld(entry: number): boolean {
    return this.#entries.has(entry);
  }

  loadOf(device: StreamDevice): number {
    return (this.#loads.get(device) ?? 0) / stepsPerCost;
  }

  subscribe(listener: StreamHostListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything happens in this thread: there is nothing to look out for. */
  attend(): void {}
}
