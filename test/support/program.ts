import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** Runs a Node program, under test/ or of an absolute path, to its end or that of `timeoutMs`. */
export function runProgram(
  path: string,
  options: { args?: readonly string[]; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Ending> {
  const file = resolve(__dirname, '..', path);
  const { args = [], env = process.env, timeoutMs = 30_000 } = options;
  const started = performance.now();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const elapsedMs = performance.now() - started;
        const signal = error?.signal ?? null;
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, signal, stdout, stderr, elapsedMs });
      },
    );
  });
}

/** Runs `count` jobs, `atOnce` at a time, and returns their results in order. */
export async function inParallel<T>(
  count: number,
  atOnce: number,
  job: (index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await job(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
