import type { DeviceFeed, FeedTarget } from '../../lib/selection/device-feed.js';
import { News } from '../../lib/selection/news.js';
import { isImplausible } from '../../lib/selection/sensors.js';
import { sensedKeys } from '../../lib/telemetry/sensed-values.js';
import type { LiveClusterParts } from '../../lib/telemetry/store.js';

type Parts = Pick<LiveClusterParts, 'devices' | 'store' | 'hub' | 'defaultMaxAgeMs'>;

/** Reads everything again each time: what a test hands out changes without saying so. */
export class PartsFeed implements DeviceFeed {
  readonly news: News = new News({ cells: undefined, place: 0, load: () => this.#turn++ });
  #turn = 0;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  read(target: FeedTarget): void {
    const { devices, store, hub } = this.#parts;
    const ids = [...devices().keys()];
    target.list(devices().values(), (id) => ({ row: ids.indexOf(id), number: ids.indexOf(id) }));
    for (const view of target.views) {
      const { deviceId, parentDeviceId } = view.device;
      const sample = store.getMetrics(deviceId);
      const ageMs = sample?.ageMs ?? Math.max(0, this.nowMs() - (sample?.timestampMs ?? 0));
      view.sample = { latest: () => sample };
      view.sampleStartMs = sample === undefined ? -Infinity : this.nowMs() - ageMs;
      for (const [cell, key] of sensedKeys.entries())
        view.sensed.cells[cell] = sample?.[key] ?? NaN;
      view.sensor = isImplausible(view.sensed) ? 'implausible' : 'ok';
      view.health = hub.healthOf(deviceId);
      view.parentHealth = parentDeviceId === undefined ? undefined : hub.healthOf(parentDeviceId);
      view.failureCode = store.getFailure?.(deviceId);
    }
  }

  defaultMaxAgeMs(): number {
    return this.#parts.defaultMaxAgeMs();
  }

  sampleNowMs(): number {
    return this.nowMs();
  }

  nowMs(): number {
    return 1_000_000;
  }
}
