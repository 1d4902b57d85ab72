import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `done` answers something, or for `timeoutMs`; then undefined. The sampler's thread
 * never calls into JavaScript. Throws the signal's reason.
 */
export async function until<T>(
  done: () => T | undefined,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, 20)) {
    signal?.throwIfAborted();
    const result = done();
    if (result !== undefined) return result;
    if (performance.now() >= deadline) return undefined;
    await sleep(pauseMs);
  }
}
