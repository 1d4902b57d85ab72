import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricKey } from '../../lib/telemetry/metrics.generated.js';
import { metricTable } from '../../lib/telemetry/metrics.generated.js';

export const traceFolder = join(__dirname, '../../native/simulator/traces');

/** One row of a recorded trace in public units; undefined: the cell holds no number. */
export type TraceRow = ReadonlyMap<MetricKey, number | undefined>;

export interface Trace {
  readonly keys: readonly MetricKey[];
  readonly rows: readonly TraceRow[];
}

const bytesPerMebibyte = 1_048_576;

/**
 * Reads a trace by the rules of its CSV alone, independently of the simulated driver's reader.
 * `where`: only rows whose column has that text.
 */
export function readTrace(file: string, where: Readonly<Record<string, string>> = {}): Trace {
  const lines = readFileSync(join(traceFolder, file), 'utf8').trimEnd().split('\n');
  const [header = '', ...body] = lines;
  const names = header.split(',').map((name) => name.trim().replace(/ \[.*\]$/, ''));
  const keyed = names.map((name) => metricTable.find((row) => row.column === name)?.key);
  const wanted = body
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) =>
      Object.entries(where).every(([name, text]) => cells[names.indexOf(name)] === text),
    );
  const rows = wanted.map((cells) => {
    const row = new Map<MetricKey, number | undefined>();
    keyed.forEach((key, column) => {
      if (key !== undefined) row.set(key, cellValue(key, cells[column] ?? ''));
    });
    return row;
  });
  return { keys: keyed.filter((key) => key !== undefined), rows };
}

function cellValue(key: MetricKey, cell: string): number | undefined {
  if (cell.startsWith('[')) return undefined;
  const number = Number.parseFloat(cell.replace(/^P/, ''));
  return key.startsWith('memory') && key.endsWith('Bytes') ? number * bytesPerMebibyte : number;
}
