import type { GPUDevice } from '../device.js';
import type { BoardView, Seat } from '../selection/board-view.js';
import type { DeviceFeed, FeedTarget } from '../selection/device-feed.js';
import type { News } from '../selection/news.js';
import { isImplausible } from '../selection/sensors.js';
import { isTelling } from '../selection/stillness.js';
import type { ChangeList } from './change-list.js';
import type { SampleColumns } from './sample-columns.js';
import type { SampleStore } from './sample-store.js';

/** What is registered; read only. */
export interface Registry {
  /** Changes with the list of devices, and with what is said of one. */
  readonly revision: number;
  devices(): ReadonlyMap<string, GPUDevice>;
  seatOf(deviceId: string): Seat;
}

export interface ManualFeedOptions {
  readonly registry: Registry;
  readonly store: SampleStore;
  /** Of `store`; only the feed takes them. */
  readonly changes: ChangeList<SampleColumns>;
  /** Unix, which is the clock of recorded samples too. */
  nowMs(): number;
}

/** Recorded samples for a board. A record costs the board one view, however many devices. */
export class ManualFeed implements DeviceFeed {
  readonly #registry: Registry;
  readonly #store: SampleStore;
  readonly #changes: ChangeList<SampleColumns>;
  readonly #nowMs: () => number;
  /** Of the registry, as it was listed last. */
  #revision = -1;

  constructor({ registry, store, changes, nowMs }: ManualFeedOptions) {
    this.#registry = registry;
    this.#store = store;
    this.#changes = changes;
    this.#nowMs = nowMs;
  }

  get news(): News {
    return this.#changes.news;
  }

  read(target: FeedTarget): void {
    const { revision } = this.#registry;
    const changes = this.#changes;
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#list(target);
    } else {
      for (let index = 0; index < changes.count; index++) this.#readOne(changes.at(index), target);
    }
    changes.clear();
  }

  defaultMaxAgeMs(): number {
    return Infinity;
  }

  sampleNowMs(): number {
    return this.#nowMs();
  }

  nowMs(): number {
    return this.#nowMs();
  }

  #list(target: FeedTarget): void {
    const registry = this.#registry;
    target.list(registry.devices().values(), (deviceId) => registry.seatOf(deviceId));
    for (const view of target.views) {
      const columns = this.#store.columnsOf(view.device.deviceId);
      if (columns === undefined) continue;
      columns.place = view.index;
      readInto(view, columns);
    }
  }

  #readOne(columns: SampleColumns, target: FeedTarget): void {
    const view = target.views[columns.place] ?? this.#place(columns, target);
    if (view === undefined) return;
    readInto(view, columns);
    target.changed(view);
  }

  /** Its first sample has come. */
  #place(columns: SampleColumns, target: FeedTarget): BoardView | undefined {
    const view = target.viewOf(columns.deviceId);
    columns.place = view?.index ?? -1;
    return view;
  }
}

function readInto(view: BoardView, columns: SampleColumns): void {
  const { sensed, stillness } = view;
  const isSame = columns.sense(sensed.cells);
  stillness.look(columns, isSame ? view.sampleStartMs : NaN);
  if (view.sample !== columns) view.sample = columns;
  view.sampleStartMs = columns.latestMs;
  const isFrozen = stillness.isFrozen && isTelling(sensed.powerWatts);
  if (isImplausible(sensed)) view.sensor = 'implausible';
  else view.sensor = isFrozen ? 'frozen' : 'ok';
}
