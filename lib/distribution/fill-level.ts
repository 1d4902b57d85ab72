/** Devices as vessels: their width, how full they are, and what may be added. */
export interface Vessels {
  readonly speeds: Float64Array;
  readonly loads?: Float64Array | undefined;
  readonly limits?: Float64Array | undefined;
}

/** So much less of a sum is left that what rounding has done to it may matter. */
const cancelled = 2 ** -6;

/**
 * The least T at which the sum of min(limit, max(0, T * speed - load)) is `amount`: the level that
 * it reaches when it is poured over the devices. All they take where that is less.
 * Infinity: later than a double says.
 */
export function fillLevel(amount: number, { speeds, loads, limits }: Vessels): number {
  if (amount === 0) return 0;
  const count = speeds.length;
  // When each device begins to take, and when it is full.
  const times = new Float64Array(2 * count);
  const steps: number[] = [];
  for (let place = 0; place < count; place += 1) {
    const speed = speeds[place] as number;
    const load = loads?.[place] ?? 0;
    const limit = limits?.[place] ?? Infinity;
    if (speed === 0 || limit === 0) continue;
    times[place] = load / speed;
    steps.push(place);
    if (limit === Infinity) continue;
    times[count + place] = (load + limit) / speed;
    steps.push(count + place);
  }
  steps.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  const taking = new Set<number>();
  let [level, poured, width, widest] = [0, 0, 0, 0];
  for (const step of steps) {
    const time = times[step] as number;
    const next = width === 0 ? poured : poured + width * (time - level);
    if (next >= amount) break;
    if (time === Infinity) return time;
    [level, poured] = [time, next];
    width = step < count ? opened(step) : closed(step - count);
  }
  return width === 0 ? level : level + (amount - poured) / width;

  function opened(place: number): number {
    taking.add(place);
    const more = width + (speeds[place] as number);
    widest = Math.max(widest, more);
    return more;
  }

  function closed(place: number): number {
    taking.delete(place);
    const left = width - (speeds[place] as number);
    if (left > widest * cancelled) return left;
    widest = 0;
    for (const other of taking) widest += speeds[other] as number;
    return widest;
  }
}
