// Numbers as reasons show them.

const bytesPerGibibyte = 2 ** 30;

export function gibibytes(bytes: number): string {
  return `${(bytes / bytesPerGibibyte).toFixed(2)} GiB`;
}

/** A share of 1. */
export function percent(share: number | undefined): string {
  return share === undefined ? 'unknown' : `${(share * 100).toFixed(1)} %`;
}

/** At most four decimals, no zeros at the end. */
export function short(value: number): string {
  return String(Number(value.toFixed(4)));
}
