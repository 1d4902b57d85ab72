// What programs do instead; the reference too.

/** Longest first, the way it is written first: of objects, into objects. */
export function ofObjects(items, speeds) {
  const devices = speeds.map((speed) => ({ speed, load: 0, items: [] }));
  for (const item of [...items].sort((a, b) => b.cost - a.cost)) {
    let best = devices[0];
    let earliest = Infinity;
    for (const device of devices) {
      const finish = (device.load + item.cost) / device.speed;
      if (finish >= earliest) continue;
      best = device;
      earliest = finish;
    }
    best.load += item.cost;
    best.items.push(item);
  }
  return devices;
}

/**
 * The way it is written when it has to be fast: costs that are whole numbers below 2^36 and the
 * places of up to 2^17 of them are sorted as one number each. Owners by place.
 */
export function ofTypedArrays(costs, speeds) {
  const places = 2 ** 17;
  const keys = new Float64Array(costs.length);
  for (let place = 0; place < costs.length; place++) {
    keys[place] = costs[place] * places + (places - 1 - place);
  }
  keys.sort();
  const owners = new Uint32Array(costs.length);
  const loads = new Float64Array(speeds.length);
  for (let at = keys.length - 1; at >= 0; at--) {
    const cost = Math.floor(keys[at] / places);
    const place = places - 1 - (keys[at] - cost * places);
    let best = 0;
    let earliest = Infinity;
    for (let device = 0; device < speeds.length; device++) {
      const finish = (loads[device] + cost) / speeds[device];
      if (finish >= earliest) continue;
      best = device;
      earliest = finish;
    }
    loads[best] += cost;
    owners[place] = best;
  }
  return owners;
}

/** In proportion to capacities, what is left over to the largest remainders; a slice each. */
export function slices(items, capacities) {
  const sum = capacities.reduce((a, b) => a + b, 0);
  const shares = capacities.map((capacity) => (items.length * capacity) / sum);
  const counts = shares.map(Math.floor);
  const left = items.length - counts.reduce((a, b) => a + b, 0);
  const order = [...shares.keys()].sort((a, b) => shares[b] - counts[b] - (shares[a] - counts[a]));
  for (const device of order.slice(0, left)) counts[device] += 1;
  let start = 0;
  return counts.map((count) => {
    const slice = items.slice(start, start + count);
    start += count;
    return slice;
  });
}
