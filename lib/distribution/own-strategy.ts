import { describeValue, readProperty, readSafely, wrongType } from '../arguments.js';
import { typeError } from '../errors.js';
import { type DistributionJob, limitAt } from './job.js';
import { type Plan, unassignedOwner } from './plan.js';
import type { OwnStrategy } from './strategy.js';
import { type Usage, usageOf } from './usage.js';

/** Who adds up in another order gets another sum. */
const slack = 1 + 2 ** -40;

/**
 * The plan of a strategy of the user's.
 * @throws TypeError ERR_GPU_INVALID_TYPE: it throws, names devices that are not there, or passes
 *   a limit
 */
export function ownPlan(job: DistributionJob, strategy: OwnStrategy): Plan {
  const what = `strategy ${describeValue(strategy.name)}`;
  const answer = readSafely(what, () => strategy.assign(copyOf(job)));
  const plan = readPlan(answer, job, what);
  requireLimits(job, usageOf(job, plan), what);
  return plan;
}

function copyOf(job: DistributionJob): DistributionJob {
  const copies = Object.entries(job).map(([key, value]) => [
    key,
    value instanceof Float64Array || Array.isArray(value) ? value.slice() : value,
  ]);
  return { ...Object.fromEntries(copies), settings: { ...job.settings } } as DistributionJob;
}

function readPlan(answer: unknown, job: DistributionJob, what: string): Plan {
  const counts =
    typeof answer === 'object' && answer !== null && readProperty(answer, 'counts', what);
  if (counts !== false && counts !== undefined) {
    return { kind: 'counts', counts: readCounts(counts, job, `${what}: counts`) };
  }
  const { itemCount, deviceIds } = job;
  const places = readList(answer, itemCount, what);
  const owners = Uint32Array.from({ length: itemCount }, (_, index) => {
    const place = places[index];
    if (place === -1 || place === unassignedOwner) return unassignedOwner;
    if (isCount(place) && place < deviceIds.length) return place;
    const expected = `a place below ${deviceIds.length}, or -1`;
    throw wrongType(`${what}: [${index}]`, expected, place);
  });
  return { kind: 'owners', owners };
}

function readCounts(value: unknown, job: DistributionJob, what: string): Float64Array {
  const list = readList(value, job.deviceIds.length, what);
  let sum = 0;
  const counts = Float64Array.from(job.deviceIds, (_, place) => {
    const count = list[place];
    if (!isCount(count)) throw wrongType(`${what}[${place}]`, 'an integer of at least 0', count);
    sum += count;
    return count;
  });
  if (sum <= job.itemCount) return counts;
  throw wrongType(what, `at most ${job.itemCount} items in all`, sum);
}

/** A copy, so that nobody's code runs afterwards. */
function readList(value: unknown, length: number, what: string): readonly unknown[] {
  const given = typeof value === 'object' && value !== null && readProperty(value, 'length', what);
  if (given !== length)
    throw wrongType(what, `a list of ${length}`, given === false ? value : given);
  return readSafely(what, () =>
    Array.from({ length }, (_, at) => Reflect.get(value as object, at)),
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function requireLimits(job: DistributionJob, usage: Usage, what: string): void {
  const { minPerDevice } = job.settings;
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    const [items = 0, cost = 0, bytes = 0] = [
      usage.items[place],
      usage.costs[place],
      usage.bytes[place],
    ];
    const passed = [
      items > limitAt(job.itemLimits, place) && `${items} items`,
      cost > limitAt(job.costLimits, place) * slack && `cost ${cost}`,
      bytes > limitAt(job.byteLimits, place) * slack && `${bytes} bytes`,
      items > 0 && job.speeds[place] === 0 && `${items} items without any speed`,
      items > 0 && items < minPerDevice && `${items} items, fewer than minPerDevice`,
    ].find((passes) => passes !== false);
    if (passed === undefined) continue;
    throw typeError(
      'ERR_GPU_INVALID_TYPE',
      `${what}: expected ${describeValue(job.deviceIds[place])} within its limits, got ${passed}`,
    );
  }
}
