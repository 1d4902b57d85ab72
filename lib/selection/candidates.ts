import type { DeviceView } from './device-view.js';

/** The devices that passed, in the views' order, as columns: nothing is made for each of them. */
export class Candidates {
  count = 0;
  /** In `views`. */
  positions: Int32Array = new Int32Array(0);
  /** What the policy orders by; lower is better. */
  keys: Float64Array = new Float64Array(0);
  /** What the policy orders by before that: 0 before 1. */
  tiers: Uint8Array = new Uint8Array(0);
  /** For the policy: a figure of each candidate, and room to sort in. */
  loads: Float64Array = new Float64Array(0);
  sorted: Float64Array = new Float64Array(0);
  /** By position: which filter rejected it, counted from 1; 0: none. */
  rejectedBy: Int16Array = new Int16Array(0);
  views: readonly DeviceView[] = [];

  reset(views: readonly DeviceView[]): void {
    this.views = views;
    this.count = 0;
    if (this.positions.length >= views.length) return;
    const capacity = Math.max(16, 2 * views.length);
    this.positions = new Int32Array(capacity);
    this.keys = new Float64Array(capacity);
    this.tiers = new Uint8Array(capacity);
    this.loads = new Float64Array(capacity);
    this.sorted = new Float64Array(capacity);
    this.rejectedBy = new Int16Array(capacity);
  }

  add(position: number): void {
    this.positions[this.count] = position;
    this.tiers[this.count] = 0;
    this.count += 1;
  }

  view(index: number): DeviceView {
    return this.views[this.positions[index] as number] as DeviceView;
  }

  key(index: number): number {
    return this.keys[index] as number;
  }

  tier(index: number): number {
    return this.tiers[index] as number;
  }

  load(index: number): number {
    return this.loads[index] as number;
  }

  /** Leaves out those whose key is NaN or infinite: they cannot be judged. */
  dropUnjudged(): void {
    let kept = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (!Number.isFinite(this.key(index))) continue;
      this.positions[kept] = this.positions[index] as number;
      this.keys[kept] = this.key(index);
      this.tiers[kept] = this.tier(index);
      this.loads[kept] = this.load(index);
      kept += 1;
    }
    this.count = kept;
  }

  /** Whether the device at this position is among them. The positions ascend. */
  has(position: number): boolean {
    return this.indexOf(position) !== -1;
  }

  indexOf(position: number): number {
    return this.positions.subarray(0, this.count).indexOf(position);
  }
}
