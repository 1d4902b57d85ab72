/** What a replay takes from a recording, in public units. */
export type RecordedKey =
  | 'computeUtilizationPercent'
  | 'memoryUsedBytes'
  | 'memoryTotalBytes'
  | 'powerWatts'
  | 'temperatureCelsius';

interface Quantity {
  readonly key: RecordedKey;
  readonly expected: string;
  readonly minimum: number;
  readonly maximum: number;
  /** To the public unit; the first holds where neither header nor cell names one. */
  readonly units: Readonly<Record<string, number>>;
}

const mebibyte = 2 ** 20;
const memoryUnits = { MiB: mebibyte, GiB: 2 ** 30, KiB: 2 ** 10, B: 1 };
const powerUnits = { W: 1, mW: 0.001 };

const memory = {
  expected: 'an amount of memory',
  minimum: 0,
  maximum: 2 ** 53,
  units: memoryUnits,
};
const power = { expected: 'a power', minimum: 0, maximum: 1e5, units: powerUnits };

/** By the name that nvidia-smi gives it; of two that fill one key, the later here wins. */
const quantities: ReadonlyMap<string, Quantity> = new Map<string, Quantity>([
  [
    'utilization.gpu',
    {
      key: 'computeUtilizationPercent',
      expected: 'a percentage from 0 to 100',
      minimum: 0,
      maximum: 100,
      units: { '%': 1 },
    },
  ],
  ['memory.used', { key: 'memoryUsedBytes', ...memory }],
  ['memory.total', { key: 'memoryTotalBytes', ...memory, minimum: 1 }],
  ['power.draw', { key: 'powerWatts', ...power }],
  ['power.draw.instant', { key: 'powerWatts', ...power }],
  [
    'temperature.gpu',
    {
      key: 'temperatureCelsius',
      expected: 'a temperature',
      minimum: -273,
      maximum: 1000,
      units: { C: 1 },
    },
  ],
]);

/** A column of a recording that a replay reads. */
export interface TraceColumn {
  readonly name: string;
  readonly key: RecordedKey;
  readonly expected: string;
  /** Undefined: the cell says that there was no value. 'wrong': it says nothing that can be. */
  read(cell: string): number | undefined | 'wrong';
}

/** Undefined: a column that a replay has no use for. */
export function columnOf(header: string): TraceColumn | undefined {
  const [, name = '', headerUnit = ''] = /^(\S*)(?: \[(.*)\])?$/.exec(header) ?? [];
  const quantity = quantities.get(name);
  if (quantity === undefined) return undefined;
  const { key, expected } = quantity;
  return { name, key, expected, read: (cell) => readCell(cell, quantity, headerUnit) };
}

/** The order in which columns are read: what comes later replaces what came before. */
export function precedenceOf({ name }: TraceColumn): number {
  return [...quantities.keys()].indexOf(name);
}

function readCell(
  cell: string,
  { units, minimum, maximum }: Quantity,
  headerUnit: string,
): number | undefined | 'wrong' {
  if (/^\[.*\]$|^N\/A$/.test(cell)) return undefined;
  const [, digits = '', cellUnit = ''] = /^(-?\d+(?:\.\d+)?)(?: (\S+))?$/.exec(cell) ?? [];
  const [defaultUnit = ''] = Object.keys(units);
  const unit = cellUnit || headerUnit || defaultUnit;
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === '' || factor === undefined) return 'wrong';
  const value = Number(digits) * factor;
  return value >= minimum && value <= maximum ? value : 'wrong';
}

const timePattern =
  /^(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)?$/;

/**
 * A row's time in milliseconds; undefined for what is no time. All rows of a file are of one zone,
 * so that only differences are to be trusted.
 */
export function readTime(cell: string): number | undefined {
  const fields = timePattern.exec(cell);
  if (fields === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
    .slice(1, 7)
    .map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Number(`0.${fields[7] ?? '0'}`) * 1000;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}
