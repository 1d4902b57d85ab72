import type { SelectionPolicy } from '../selection/device-view.js';
import type { ReplayStage } from './replay.js';

/**
 * What no policy can know: how much work is left on every GPU, and how fast others will let it be
 * done. It takes the one that would be through soonest with a request of mean length; the true
 * length of a request only its end tells.
 */
export function oracleOf({ gpus, clock, settings }: ReplayStage): SelectionPolicy {
  const byId = new Map(gpus.map((gpu) => [gpu.deviceId, gpu]));
  return {
    name: 'oracle',
    cost({ device }) {
      const finishMs = byId.get(device.deviceId)?.finishOf(clock.nowMs, settings.serviceMs);
      return finishMs === undefined ? undefined : finishMs - clock.nowMs;
    },
  };
}
