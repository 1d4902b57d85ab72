import type { GPUDevice } from '../device.js';
import type { BoardView, Seat } from './board-view.js';
import type { News } from './news.js';

/** What a feed tells of. */
export interface FeedTarget {
  /** As of the latest `list`. */
  readonly views: readonly BoardView[];
  /**
   * These are the devices now, in registration order; every view is to be read anew. Who is seated
   * as before keeps its view.
   */
  list(devices: Iterable<GPUDevice>, seatOf: (deviceId: string) => Seat): void;
  /** As of the latest `list`. */
  viewOf(deviceId: string): BoardView | undefined;
  /** What the feed wrote into the view has changed. */
  changed(view: BoardView): void;
}

/** Where a board reads its devices. */
export interface DeviceFeed {
  /** Looked at before every decision. */
  readonly news: News;
  /** Writes what is new into the views, and tells of it. REQUIRES: the news were taken before. */
  read(target: FeedTarget): void;
  /** The greatest age of a sample that counts, now, when a request does not say. */
  defaultMaxAgeMs(): number;
  /** Now on the clock of samples. */
  sampleNowMs(): number;
  /** Unix. */
  nowMs(): number;
}
