import { dueCounts, levelCredits, sharesOf } from './due-counts.js';
import { type DistributionJob, equalItemLimit, limitAt, loadAt } from './job.js';
import type { Usage } from './usage.js';

/** Beside the fastest device, none counts as slower than this. */
const slowest = 2 ** -500;
/** No load and no credit counts as more than so many times a batch: sums stay what doubles hold. */
const most = 2 ** 50;
const greatestLoad = 2 ** 1000;

/**
 * What devices are behind or ahead of their shares, in cost, over all plans so far. A device that
 * was never seen is neither. One that is behind is never more so than one item (`minPerDevice` of
 * them) of the greatest cost there was: what limits kept from it is not made up for later.
 */
export class Carry {
  #credits = new Map<string, number>();
  #greatestCost = 0;

  /** Cost that each device is behind; below 0: ahead. */
  get credits(): ReadonlyMap<string, number> {
    return this.#credits;
  }

  /** Forgets devices that are gone. One that is only out of use for a while keeps its credit. */
  keepOnly(deviceIds: { has(deviceId: string): boolean }): void {
    for (const deviceId of this.#credits.keys()) {
      if (!deviceIds.has(deviceId)) this.#credits.delete(deviceId);
    }
  }

  /** Of equal items. REQUIRES: the job has neither costs nor bytes. */
  countsFor(job: DistributionJob): Float64Array {
    const unit = unitOf(job);
    return dueCounts(job.itemCount, {
      speeds: scaled(job.speeds),
      loads: job.loads?.map((load) => Math.min(load / unit, most)),
      limits: job.speeds.map((_, place) => equalItemLimit(job, place)),
      credits: this.#creditsOf(job).map((credit) => clamped(credit / unit)),
      minPerDevice: job.settings.minPerDevice,
    });
  }

  /**
   * The job with what came before as load: of each device as much as makes those that are behind
   * the most start first, by their speed.
   */
  loaded(job: DistributionJob): DistributionJob {
    const speeds = scaled(job.speeds);
    const credits = levelCredits(this.#creditsOf(job), speeds);
    const lag = credits.reduce(
      (most, credit, place) =>
        at(speeds, place) > 0 ? Math.max(most, credit / at(speeds, place)) : most,
      0,
    );
    if (lag === 0) return job;
    const loads = credits.map((credit, place) => {
      const ahead = Math.max(0, at(speeds, place) * lag - credit);
      return Math.min(loadAt(job, place) + ahead, greatestLoad);
    });
    return { ...job, loads };
  }

  /** Enters a plan that was made for the job, as it was before `loaded`. */
  settle(job: DistributionJob, usage: Usage): void {
    if (usage.assignedItems === 0) return;
    const speeds = scaled(job.speeds);
    const isEqual = job.costs === undefined && job.bytes === undefined;
    const unit = isEqual ? unitOf(job) : usage.assignedCost || 1;
    const shares = sharesOf(isEqual ? usage.assignedItems : usage.assignedCost / unit, {
      speeds,
      loads: job.loads?.map((load) => Math.min(load / unit, most)),
      limits: job.speeds.map((_, place) =>
        isEqual ? Math.floor(equalItemLimit(job, place)) : limitAt(job.costLimits, place) / unit,
      ),
    });
    this.#greatestCost = Math.max(this.#greatestCost, usage.greatestCost, isEqual ? unit : 0);
    const mostBehind = this.#greatestCost * Math.max(1, job.settings.minPerDevice);
    const before = levelCredits(this.#creditsOf(job), speeds);
    const after = before.map((credit, place) =>
      isEqual
        ? credit + (at(shares, place) - at(usage.items, place)) * unit
        : credit + at(shares, place) * unit - at(usage.costs, place),
    );
    const kept = forget(after, mostBehind);
    for (const [place, deviceId] of job.deviceIds.entries()) {
      this.#credits.set(deviceId, at(kept, place));
    }
  }

  #creditsOf({ deviceIds }: DistributionJob): Float64Array {
    return Float64Array.from(deviceIds, (deviceId) => this.#credits.get(deviceId) ?? 0);
  }
}

/** Items that cost nothing are shared out like any others. */
function unitOf({ itemCost }: DistributionJob): number {
  return itemCost === 0 ? 1 : itemCost;
}

function clamped(credit: number): number {
  return Math.max(-most, Math.min(credit, most));
}

/**
 * What is above `mostBehind` is forgotten; those that are ahead are so by as much less, each in
 * part.
 */
function forget(credits: Float64Array, mostBehind: number): Float64Array {
  let [forgotten, ahead] = [0, 0];
  for (const credit of credits) {
    if (credit > mostBehind) forgotten += credit - mostBehind;
    if (credit < 0) ahead -= credit;
  }
  if (forgotten === 0) return credits;
  const left = Math.max(0, 1 - forgotten / ahead);
  return credits.map((credit) => (credit < 0 ? credit * left : Math.min(credit, mostBehind)));
}

/** The fastest is 1, so that no sum leaves what a double holds. */
function scaled(speeds: Float64Array): Float64Array {
  const most = speeds.reduce((a, b) => Math.max(a, b), 0);
  return speeds.map((speed) => (speed === 0 ? 0 : Math.max(speed / most, slowest)));
}

function at(values: Float64Array, place: number): number {
  return values[place] as number;
}
