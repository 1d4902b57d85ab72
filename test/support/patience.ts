import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;

/** Waits until it is so; fails where it never is. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`in ${patienceMs} ms never: ${what}`);
    await sleep(5);
  }
}
