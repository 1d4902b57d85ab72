export interface UniformLimits {
  readonly itemCount: number;
  readonly maxPerDevice: number;
}

/**
 * Items per device: floor(n / m), and one more to the first n mod m. All devices have the same
 * maximum, so either none reaches it or all do.
 */
export function uniformCounts(deviceCount: number, limits: UniformLimits): number[] {
  if (deviceCount === 0) return [];
  const placed = Math.min(limits.itemCount, limits.maxPerDevice * deviceCount);
  const each = Math.floor(placed / deviceCount);
  const more = placed % deviceCount;
  return Array.from({ length: deviceCount }, (_, place) => (place < more ? each + 1 : each));
}
