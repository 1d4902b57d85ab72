import { bytesAt, costAt, type DistributionJob, limitAt } from './job.js';

/** What each device holds of a job's items, and whether one more is within its limits. */
export class Room {
  readonly isLimited: boolean;
  readonly items: Float64Array;
  readonly cost: Float64Array;
  readonly bytes: Float64Array;
  readonly #job: DistributionJob;
  readonly #leastCost: number;
  readonly #leastBytes: number;

  constructor(job: DistributionJob) {
    const deviceCount = job.deviceIds.length;
    this.#job = job;
    this.items = new Float64Array(deviceCount);
    this.cost = new Float64Array(deviceCount);
    this.bytes = new Float64Array(deviceCount);
    this.isLimited = [job.itemLimits, job.costLimits, job.byteLimits].some(
      (limits) => limits?.some((limit) => limit !== Infinity) === true,
    );
    this.#leastCost = this.isLimited ? least(job.costs, job.itemCost) : 0;
    this.#leastBytes = this.isLimited ? least(job.bytes, job.itemBytes) : 0;
  }

  fits(device: number, item: number): boolean {
    if (!this.isLimited) return true;
    return this.#holds(device, 1, costAt(this.#job, item), bytesAt(this.#job, item));
  }

  /** As if `out`, which the device holds, had gone. */
  fitsInstead(device: number, item: number, out: number): boolean {
    if (!this.isLimited) return true;
    const cost = costAt(this.#job, item) - costAt(this.#job, out);
    return this.#holds(device, 0, cost, bytesAt(this.#job, item) - bytesAt(this.#job, out));
  }

  /** No item of all fits any more. */
  isFull(device: number): boolean {
    return this.isLimited && !this.#holds(device, 1, this.#leastCost, this.#leastBytes);
  }

  take(device: number, item: number): void {
    this.#add(device, item, 1);
  }

  giveBack(device: number, item: number): void {
    this.#add(device, item, -1);
  }

  #add(device: number, item: number, times: 1 | -1): void {
    this.items[device] = (this.items[device] as number) + times;
    this.cost[device] = (this.cost[device] as number) + times * costAt(this.#job, item);
    this.bytes[device] = (this.bytes[device] as number) + times * bytesAt(this.#job, item);
  }

  #holds(device: number, items: number, cost: number, bytes: number): boolean {
    const job = this.#job;
    return (
      (this.items[device] as number) + items <= limitAt(job.itemLimits, device) &&
      (this.cost[device] as number) + cost <= limitAt(job.costLimits, device) &&
      (this.bytes[device] as number) + bytes <= limitAt(job.byteLimits, device)
    );
  }
}

function least(values: Float64Array | undefined, otherwise: number): number {
  return values?.reduce((a, b) => Math.min(a, b), Infinity) ?? otherwise;
}
