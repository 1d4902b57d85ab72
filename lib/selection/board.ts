import type { DeviceView } from './device-view.js';
import type { LoadSource } from './load-source.js';
import type { Scene } from './pipeline.js';

/**
 * All devices of one manager, kept ready for decisions: a view each, and who is best under the two
 * requests that are made most, `selectBestDevice()` and a lease without constraints. An index is a
 * place in `views`, and good until `views` is another array.
 */
export interface Board {
  /** In registration order, as of the latest `refresh`. A new list is a new array. */
  readonly views: readonly DeviceView[];
  /** Takes in what has changed; where nothing has, it looks at a word or two of memory. */
  refresh(): void;
  /** Refreshed views, the ledger's figures included, and now: what a Pipeline decides over. */
  scene(): Scene;
  /** As of the latest `refresh`; -1: there is no such device. */
  indexOf(deviceId: string): number;
  /**
   * Its row of the block and of the ledger: its own while it is listed. On a manual cluster the
   * lowest that is free.
   */
  rowOf(index: number): number;
  /** What sets it apart from others that had the row before it. */
  numberOf(index: number): number;
  /**
   * When its latest sample began, on the clock of `sampleNowMs`; -Infinity: there is none. What was
   * materialised after that is not in it.
   */
  sampleStartMs(index: number): number;
  /** Now on the clock of samples: monotonic on a live cluster, Unix on a manual one. */
  sampleNowMs(): number;
  /**
   * The least loaded of those that may take a lease of weight 1 without constraints, of equals the
   * emptier (`emptierFirst` of the policy), at random among those; -1: none. As of the latest
   * `refresh` and `loadChanged`.
   */
  fastest(): number;
  /** The ledger has changed: `inFlight` is now what all environments have on the device. */
  loadChanged(index: number, inFlight: number): void;
  /** Called once, by whoever keeps the ledger; before that nothing is leased. */
  attach(source: LoadSource): void;
}
