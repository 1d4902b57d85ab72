/** What decisions read of a sample, in the order of `SensedValues.cells`. */
export const sensedKeys = [
  'computeUtilizationPercent',
  'memoryUsedBytes',
  'powerWatts',
  'temperatureCelsius',
  'clockRateMhz',
  'memoryTotalBytes',
  'memoryFreeBytes',
] as const;

export type SensedKey = (typeof sensedKeys)[number];

/** A sample, as far as decisions read it. */
export type Sensed = { readonly [K in SensedKey]?: number | undefined };

/** Of one device, written in place: nothing is made when a sample comes. NaN is unknown. */
export class SensedValues implements Sensed {
  /** In the order of `sensedKeys`. */
  readonly cells: Float64Array = new Float64Array(sensedKeys.length).fill(NaN);

  get computeUtilizationPercent(): number | undefined {
    return known(this.cells[0]);
  }
  get memoryTotalBytes(): number | undefined {
    return known(this.cells[5]);
  }
  get memoryUsedBytes(): number | undefined {
    return known(this.cells[1]);
  }
  get memoryFreeBytes(): number | undefined {
    return known(this.cells[6]);
  }
  get powerWatts(): number | undefined {
    return known(this.cells[2]);
  }
  get temperatureCelsius(): number | undefined {
    return known(this.cells[3]);
  }
  get clockRateMhz(): number | undefined {
    return known(this.cells[4]);
  }
}

function known(value: number | undefined): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
