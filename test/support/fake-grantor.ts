import type { Attempt, Grantor, HeldLoad, Load } from '../../lib/leases/grantor.js';

/** `weight` on each of `count` of the devices. */
export interface FakeRequest {
  readonly devices: readonly number[];
  readonly weight: number;
  readonly count: number;
}

export class FakeLease {
  readonly request: FakeRequest;
  readonly devices: readonly number[];
  isLive = true;

  constructor(request: FakeRequest, devices: readonly number[]) {
    this.request = request;
    this.devices = devices;
  }
}

export function requestFor(
  devices: readonly number[],
  options: { readonly weight?: number; readonly count?: number } = {},
): FakeRequest {
  return { devices, weight: options.weight ?? 1, count: options.count ?? 1 };
}

/** Devices with room for so much weight; the first ones that fit are taken. */
export class FakeGrantor implements Grantor<FakeRequest, FakeLease> {
  readonly #room: Map<number, number>;
  readonly #used = new Map<number, number>();
  readonly live = new Set<FakeLease>();
  held: HeldLoad = { devices: 0, weight: 0, memoryBytes: 0, oldestAtMs: undefined };
  /** Runs within each attempt, as a user's filter does. */
  onAttempt: (request: FakeRequest) => void = () => {};
  /** Requests of at least this weight see no device that the end of a lease would help. */
  blindFrom = Infinity;
  attempts = 0;

  constructor(rooms: readonly number[]) {
    this.#room = new Map(rooms.map((room, device) => [device, room]));
  }

  get deviceCount(): number {
    return this.#room.size;
  }

  get used(): number {
    return [...this.#used.values()].reduce((sum, weight) => sum + weight, 0);
  }

  tryGrant(request: FakeRequest, withheld: ReadonlySet<number>): Attempt<FakeLease> {
    this.attempts += 1;
    this.onAttempt(request);
    const able = request.devices.filter((device) => this.roomOf(device) >= request.weight);
    if (able.length < request.count) return { outcome: 'unsatisfiable', message: 'too big' };
    if (request.weight >= this.blindFrom) return { outcome: 'busy', devices: [] };
    const free = able.filter((device) => !withheld.has(device) && this.#fits(device, request));
    if (free.length < request.count) return { outcome: 'busy', devices: able };
    const lease = new FakeLease(request, free.slice(0, request.count));
    this.#change(lease.devices, request.weight);
    this.live.add(lease);
    return { outcome: 'granted', lease };
  }

  /** False: not live any more. */
  release(lease: FakeLease): boolean {
    if (!this.live.delete(lease)) return false;
    lease.isLive = false;
    this.#change(lease.devices, -lease.request.weight);
    return true;
  }

  takeBack(lease: FakeLease): void {
    this.release(lease);
  }

  loadOf({ weight, count }: FakeRequest): Load {
    return { devices: count, weight: weight * count, memoryBytes: 0 };
  }

  heldLoad(): HeldLoad {
    return this.held;
  }

  roomOf(device: number): number {
    return this.#room.get(device) ?? 0;
  }

  /** Other environments take, or give back. */
  use(device: number, weight: number): void {
    this.#change([device], weight);
  }

  removeDevice(device: number): void {
    this.#room.delete(device);
  }

  #fits(device: number, { weight }: FakeRequest): boolean {
    return (this.#used.get(device) ?? 0) + weight <= this.roomOf(device);
  }

  #change(devices: readonly number[], weight: number): void {
    for (const device of devices) this.#used.set(device, (this.#used.get(device) ?? 0) + weight);
  }
}
