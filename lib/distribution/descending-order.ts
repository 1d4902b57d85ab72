const fewItems = 4096;

/** Places of the values, all at least 0, largest first; ties: the earlier one. */
export function descendingOrder(values: Float64Array): Uint32Array {
  const { length } = values;
  if (length <= fewItems) {
    const order = Uint32Array.from({ length }, (_, place) => place);
    return order.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
  }
  return radixOrder(values);
}

/**
 * Doubles from 0 on are in the order of their bits. Sorted by 16 of them at a time from the lowest,
 * which keeps the order of equal ones: a tenth of the time of a sort that compares.
 */
function radixOrder(values: Float64Array): Uint32Array {
  const { length } = values;
  // Adding 0 makes -0 the 0 that it is equal to.
  const digits = new Uint16Array(values.map((value) => value + 0).buffer);
  let order = Uint32Array.from({ length }, (_, place) => place);
  let next = new Uint32Array(length);
  const ends = new Uint32Array(2 ** 16);
  for (let digit = 0; digit < 4; digit += 1) {
    ends.fill(0);
    for (let at = digit; at < 4 * length; at += 4) {
      const value = digits[at] as number;
      ends[value] = (ends[value] as number) + 1;
    }
    if (ends[digits[digit] as number] === length) continue;
    let before = 0;
    for (let value = ends.length - 1; value >= 0; value -= 1) {
      const count = ends[value] as number;
      ends[value] = before;
      before += count;
    }
    for (let place = 0; place < length; place += 1) {
      const item = order[place] as number;
      const value = digits[4 * item + digit] as number;
      const to = ends[value] as number;
      next[to] = item;
      ends[value] = to + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}
