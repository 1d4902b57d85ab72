import type { Dispatchers } from '../../lib/replay/engine.js';
import type { ReplayStage } from '../../lib/replay/replay.js';

/** Places by in-flight over speed, one counter for all: the least that a dispatcher can be. */
export function leastInFlight({ gpus }: ReplayStage): Dispatchers {
  const inFlight = gpus.map(() => 0);
  const cost = (place: number) => ((inFlight[place] ?? 0) + 1) / (gpus[place]?.model.speed ?? 1);
  return {
    acquire() {
      const gpu = gpus.reduce((best, _, place) => (cost(place) < cost(best) ? place : best), 0);
      inFlight[gpu] = (inFlight[gpu] ?? 0) + 1;
      return { gpu, release: () => (inFlight[gpu] = (inFlight[gpu] ?? 0) - 1) };
    },
    publish() {},
  };
}
