import type { GpuModel, ReplayGpu } from './scenario.js';
import { StepSignal } from './step-signal.js';
import type { RecordedKey } from './trace-cells.js';

/** Others never leave a GPU with less than this share: the bound that selection assumes as well. */
const leastShare = 0.1;

/** What a GPU would show, and do, without the requests of the replay. */
export interface Background {
  /** Share of the GPU that others use, 0..1; unknown where the recording says nothing. */
  readonly busyShare: StepSignal;
  /** How fast it works through requests: its speed, less what others take. Always above 0. */
  readonly rate: StepSignal;
  /** Recorded, else modelled from `busyShare`. */
  readonly watts: StepSignal;
  /** Undefined: not recorded. */
  readonly celsius: StepSignal | undefined;
  readonly usedBytes: StepSignal;
  readonly totalBytes: number;
}

/** A recording begins at `offset`, a share of its length, and comes round again. */
export function backgroundOf({ model, recording }: ReplayGpu, offset: number): Background {
  const { startsMs = [0], periodMs = 1000, columns = {} } = recording ?? {};
  const at = { periodMs, offsetMs: offset * periodMs };
  const signal = (values: readonly (number | undefined)[]) => new StepSignal(startsMs, values, at);
  const column = (key: RecordedKey) => columns[key];
  const busy = column('computeUtilizationPercent')?.map((percent) =>
    percent === undefined ? undefined : percent / 100,
  );
  const shares = busy ?? startsMs.map(() => 0);
  const used = column('memoryUsedBytes') ?? startsMs.map(() => 0);
  const celsius = column('temperatureCelsius');
  const [totalBytes = model.memoryBytes] = column('memoryTotalBytes') ?? [];
  return {
    busyShare: signal(shares),
    rate: signal(shares.map((share = 0) => model.speed * Math.max(leastShare, 1 - share))),
    watts: signal(wattsOf(model, shares, column('powerWatts'))),
    celsius: celsius === undefined ? undefined : signal(celsius),
    usedBytes: signal(used),
    totalBytes,
  };
}

function wattsOf(
  { idleWatts, fullWatts }: GpuModel,
  shares: readonly (number | undefined)[],
  recorded: readonly (number | undefined)[] | undefined,
): readonly number[] {
  return shares.map(
    (share = 0, row) => recorded?.[row] ?? idleWatts + (fullWatts - idleWatts) * share,
  );
}
