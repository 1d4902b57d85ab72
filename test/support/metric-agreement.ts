import type { AnyMetricKey } from '../../lib/telemetry/metrics.generated.js';
import { detailTable, type MetricRow, metricTable } from '../../lib/telemetry/metrics.generated.js';
import type { DirectAnswer } from './direct-reading.js';

/** What the package says of a metric, between two readings of the driver itself. */
export interface Compared {
  readonly key: AnyMetricKey;
  readonly before: readonly DirectAnswer[];
  readonly said: { readonly state: string; readonly value?: number };
  readonly after: readonly DirectAnswer[];
}

export type Verdict =
  | { readonly agrees: true; readonly how: 'value' | 'unknown to both' | 'changing' }
  | { readonly agrees: false; readonly problem: string };

export const everyMetric: readonly MetricRow<AnyMetricKey>[] = [...metricTable, ...detailTable];

/** Room for what a board does between the two readings, seconds apart. */
const rooms: Readonly<Record<string, { readonly share: number; readonly step: number }>> = {
  '%': { share: 0.5, step: 30 },
  W: { share: 0.5, step: 20 },
  '°C': { share: 0.1, step: 5 },
  MHz: { share: 1, step: 0 },
  B: { share: 0.05, step: 64 * 2 ** 20 },
  'B/s': { share: 1, step: 2 ** 30 },
};

/** Metrics that the package works out where the driver does not say, and then labels so. */
const workedOut = new Set(['estimated']);

function firstKnown(answers: readonly DirectAnswer[]): number | undefined {
  return answers.find(({ nvmlReturn, isPlausible }) => nvmlReturn === 0 && isPlausible)?.value;
}

function isBetween(row: MetricRow<AnyMetricKey>, value: number, ends: readonly number[]): boolean {
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  if (row.kind === 'counter') return value >= low && value <= high;
  if (row.kind !== 'gauge') return low !== high || value === low;
  const { share, step } = rooms[row.unit] ?? { share: 0, step: 0 };
  const room = share * Math.max(Math.abs(low), Math.abs(high), Math.abs(value)) + step;
  return value >= low - room && value <= high + room;
}

/** Whether the package says what the driver says: the value, or that there is none. */
export function judge({ key, before, said, after }: Compared): Verdict {
  const row = everyMetric.find((one) => one.key === key);
  if (row === undefined) return { agrees: false, problem: `no metric ${key}` };
  const ends = [firstKnown(before), firstKnown(after)].filter((end) => end !== undefined);
  const direct = `the driver ${JSON.stringify(before)} and then ${JSON.stringify(after)}`;
  const problem = `gpuring says ${said.state} ${said.value}, ${direct}`;
  if (ends.length === 1) return { agrees: true, how: 'changing' };
  if (ends.length === 0) {
    const invented = said.value !== undefined && !workedOut.has(said.state);
    return invented ? { agrees: false, problem } : { agrees: true, how: 'unknown to both' };
  }
  if (said.value === undefined || !isBetween(row, said.value, ends)) {
    return { agrees: false, problem };
  }
  return { agrees: true, how: 'value' };
}
