// The part of generate-metrics.mjs that writes how recorded samples are read and kept: a line a
// metric, which an engine makes faster than a loop over names.

// A sample is read and checked in this order, the rest of the metrics after these.
const readFirst = [
  'computeUtilizationPercent',
  'memoryUsedBytes',
  'memoryTotalBytes',
  'temperatureCelsius',
];
const place = ({ key }) => (readFirst.includes(key) ? readFirst.indexOf(key) : readFirst.length);
export const recordedOrder = (fast) => fast.toSorted((a, b) => place(a) - place(b));

/** Bits of a number that stay quick to handle in JavaScript. */
const mostMetrics = 30;

const marks = ['deviceId', 'timestampMs', 'simulated'];
const lines = (items, line) => items.map(line).join('\n');

function taken({ key, kind }, index) {
  const whole = kind === 'state' || kind === 'flags' ? ` && Number.isInteger(${key})` : '';
  const within = `${key} >= limits[${2 * index}]! && ${key} <= limits[${2 * index + 1}]!`;
  return `    if (${key} === undefined) values[${index}] = NaN;
    else if (typeof ${key} === 'number' && ${within}${whole}) {
      values[${index}] = ${key};
      known |= ${2 ** index};
    } else break fine;`;
}

function reader(fast) {
  const read = recordedOrder(fast);
  const names = [...marks, ...read.map(({ key }) => key)];
  const at = (key) => fast.findIndex((metric) => metric.key === key);
  return `
const names = [
${lines(names, (name) => `  '${name}',`)}
];

type Source = {
  readonly [Key in ${marks.map((name) => `'${name}'`).join(' | ')} | MetricKey]?: unknown;
};

/**
 * Reads each property of a sample once, into \`reading\`. Where something is wrong, what was read
 * is returned instead; checkMetrics() says what it is.
 */
export function readSample(source: Source): UncheckedMetrics | undefined {
  let at = 0;
${lines(names, (name) => `  let ${name}: unknown;`)}
  try {
${lines(names, (name, index) => `    at = ${index};\n    ${name} = source.${name};`)}
  } catch (cause) {
    throw unreadable(\`metrics.\${names[at]}\`, cause);
  }
  // From here on no code of a user runs.
  const { values } = found;
  let known = 0;
  fine: {
${lines(fast, taken)}
    if (values[${at('memoryUsedBytes')}]! > values[${at('memoryTotalBytes')}]!) break fine;
    if (typeof timestampMs !== 'number' || timestampMs - timestampMs !== 0) break fine;
    if (simulated !== undefined && typeof simulated !== 'boolean') break fine;
    if (typeof deviceId !== 'string' || deviceId === '') break fine;
    found.deviceId = deviceId;
    found.timestampMs = timestampMs;
    found.simulated = simulated === true;
    found.known = known;
    return undefined;
  }
  const all = [
${lines(read, ({ key }) => `    ${key},`)}
  ];
  return { deviceId, timestampMs, simulated, values: all };
}
`;
}

function columns(fast) {
  return `
/** Where the column of each metric begins in cells that hold all of a device's columns. */
export class ColumnStarts {
  // \`declare\`: a field that was undefined once is looked at twice ever after.
${lines(fast, ({ key }) => `  declare ${key}: number;`)}

  constructor(start: number) {
${lines(fast, ({ key }) => `    this.${key} = start;`)}
  }

  put(cells: Float64Array, at: number, values: Float64Array): void {
${lines(fast, ({ key }, index) => `    cells[at + this.${key}] = values[${index}]!;`)}
  }

  take(cells: Float64Array, at: number, into: { -readonly [Key in MetricKey]?: number }): void {
    let value: number;
${lines(recordedOrder(fast), takenOut)}
  }
}
`;
}

function takenOut({ key }) {
  return `    value = cells[at + this.${key}]!;\n    if (value === value) into.${key} = value;`;
}

export function recording(fast) {
  if (fast.length > mostMetrics) throw new Error(`more than ${mostMetrics} fast metrics`);
  return `
import { unreadable } from '../arguments.js';
import type { MetricKey } from './metrics.generated.js';
import { limits as recordedLimits } from './recorded-rules.js';
import type { UncheckedMetrics } from './validation.js';

// An engine reaches a constant of this module faster than an export.
const limits = recordedLimits;

/** What readSample() found in order. Good until code of a user runs again. */
export class Reading {
  deviceId = '';
  timestampMs = 0;
  simulated = false;
  /** Bit m: metric m of the metric table is known. */
  known = 0;
  /** In the order of the metric table; NaN is unknown. */
  readonly values: Float64Array = new Float64Array(${fast.length});
}

const found: Reading = new Reading();
export const reading: Reading = found;
${reader(fast)}${columns(fast)}`;
}
