import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyMetricKey } from '../../lib/telemetry/metrics.generated.js';

const root = join(__dirname, '..', '..');

interface Read {
  readonly call?: readonly string[];
  readonly shape?: string;
  readonly argument?: number;
  readonly member?: string;
  readonly field?: number;
  readonly scope?: 'all';
  readonly gpm?: number;
  readonly scale?: number;
}

/** A row of native/metrics.json, as far as asking the driver goes. */
interface Row {
  readonly key: AnyMetricKey;
  readonly divisor: number;
  readonly range: readonly [number | null, number | null] | null;
  readonly read: Read | readonly Read[];
}

/** What the driver itself says of a metric: each of its reads in the table's order. */
export interface DirectAnswer {
  readonly nvmlReturn: number;
  /** In the metric's public unit. */
  readonly value: number;
  /** Within the metric's physical range. */
  readonly isPlausible: boolean;
}

export type DirectReading = ReadonlyMap<AnyMetricKey, readonly DirectAnswer[]>;

const rows: readonly Row[] = JSON.parse(
  readFileSync(join(root, 'native/metrics.json'), 'utf8'),
).metrics;

interface Question {
  readonly row: Row;
  readonly scale: number;
  readonly line: string;
}

const allScopes = 2 ** 32 - 1;

function questionsOf(row: Row): readonly Question[] {
  return [row.read].flat().flatMap((read: Read): readonly Question[] => {
    const { call, field, gpm, scale = 1 } = read;
    const ask = (line: string): Question => ({ row, scale, line: `${row.key} ${line}` });
    if (gpm !== undefined) return [ask(`gpm ${gpm}`)];
    if (field !== undefined) return [ask(`field ${field} ${read.scope === 'all' ? allScopes : 0}`)];
    const { shape, argument = -1, member = 'value' } = read;
    return (call ?? []).map((symbol) => ask(`call ${symbol} ${shape} ${argument} ${member}`));
  });
}

function answerOf({ row, scale }: Question, line: string): DirectAnswer {
  const [, nvmlReturn = Number.NaN, said = Number.NaN] = line.split(' ').map(Number);
  const raw = said * scale;
  const [low, high] = row.range ?? [null, null];
  const isPlausible = raw >= (low ?? -Infinity) && raw <= (high ?? Infinity);
  return { nvmlReturn, value: raw / row.divisor, isPlausible };
}

/** Asks a library about a device, in a process of its own and with none of the addon's code. */
export function readDirectly(
  libraryPath: string,
  uuid: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<DirectReading> {
  const questions = rows.flatMap(questionsOf);
  const program = join(root, 'out/release/direct_reading');
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [libraryPath, uuid],
      { env: environment, timeout: 60_000, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        if (error !== null) return reject(new Error(`${error.message}\n${stderr}`));
        const lines = stdout.trimEnd().split('\n');
        const answers = questions.map((question, at) => ({
          key: question.row.key,
          answer: answerOf(question, lines[at] ?? ''),
        }));
        const keys = [...new Set(answers.map(({ key }) => key))];
        resolve(
          new Map(
            keys.map((key) => [
              key,
              answers.filter((one) => one.key === key).map(({ answer }) => answer),
            ]),
          ),
        );
      },
    );
    child.stdin?.end(`${questions.map(({ line }) => line).join('\n')}\n`);
  });
}
