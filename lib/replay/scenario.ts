import type { Recording } from './trace.js';
import { loadTrace } from './trace-files.js';

/** A GPU of a replay. Its figures are those of a board of that name, its speed is relative. */
export interface GpuModel {
  readonly name: string;
  readonly speed: number;
  readonly memoryBytes: number;
  readonly idleWatts: number;
  readonly fullWatts: number;
  readonly idleCelsius: number;
  readonly fullCelsius: number;
}

export interface ReplayGpu {
  readonly model: GpuModel;
  /** What others do on it; absent: nobody. */
  readonly recording?: Recording | undefined;
}

export interface ReplayScenario {
  readonly name: string;
  readonly gpus: readonly ReplayGpu[];
}

interface ScenarioGpu {
  readonly model: GpuModel;
  readonly count?: number;
  readonly trace?: string;
  /** Which of the trace's GPUs. */
  readonly board?: number;
}

const gibibyte = 2 ** 30;

function model(
  name: string,
  speed: number,
  { memoryGiB, watts }: { readonly memoryGiB: number; readonly watts: readonly [number, number] },
): GpuModel {
  const [idleWatts, fullWatts] = watts;
  const memoryBytes = memoryGiB * gibibyte;
  return { name, speed, memoryBytes, idleWatts, fullWatts, idleCelsius: 34, fullCelsius: 76 };
}

const l4 = { memoryGiB: 22.5, watts: [13, 72] } as const;
const a100 = { memoryGiB: 40, watts: [56, 400] } as const;
const h100 = { memoryGiB: 79.6, watts: [72, 700] } as const;

/** Speeds of `recorded`: multiprocessors times highest clock, the A100's being 1. */
const a100Speed = 108 * 1410;
const relative = (multiprocessors: number, mhz: number) =>
  Math.round(((multiprocessors * mhz) / a100Speed) * 100) / 100;

export const scenarioNames = ['heterogeneous', 'uniform', 'recorded'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const scenarios: Readonly<Record<ScenarioName, readonly ScenarioGpu[]>> = {
  /** Four slow, two twice and two four times as fast: what the project's figures are about. */
  heterogeneous: [
    { model: model('modelled, speed 1', 1, l4), count: 4 },
    { model: model('modelled, speed 2', 2, a100), count: 2 },
    { model: model('modelled, speed 4', 4, h100), count: 2 },
  ],
  uniform: [{ model: model('modelled, speed 1', 1, h100), count: 8 }],
  /** Boards under what was recorded of such boards: others work on them too. */
  recorded: [
    { model: model('A100', 1, a100), trace: 'transient_A100' },
    { model: model('A100', 1, a100), trace: 'square5050_A100' },
    { model: model('H100', relative(132, 1980), h100), trace: 'nvidia_smi', board: 0 },
    { model: model('H100', relative(132, 1980), h100), trace: 'nvidia_smi', board: 1 },
    {
      model: model('L40S', relative(142, 2520), { memoryGiB: 48, watts: [34, 350] }),
      trace: 'qwen3-asr/gpu_log',
    },
    {
      model: model('RTX 3090', relative(82, 2100), { memoryGiB: 24, watts: [28, 420] }),
      trace: 'transient_3090',
    },
    {
      model: model('RTX A5000', relative(64, 2100), { memoryGiB: 24, watts: [20, 230] }),
      trace: 'transient_A5000',
    },
    {
      model: model('V100S', relative(80, 1597), { memoryGiB: 32, watts: [25, 250] }),
      trace: 'v100s-miris/gpu_log',
    },
  ],
};

/**
 * The GPUs of a scenario. `traces`: recordings in place of the scenario's own, dealt out in turn.
 * @throws GPUError ERR_GPU_SCENARIO_INVALID for a trace that is not there or cannot be read
 */
export function loadScenario(name: ScenarioName, traces: readonly string[]): ReplayScenario {
  const given = traces.flatMap(loadTrace);
  const gpus = scenarios[name].flatMap(({ model: ofBoard, count = 1, trace, board = 0 }) => {
    const own = trace === undefined || given.length > 0 ? undefined : loadTrace(trace)[board];
    return Array.from({ length: count }, (): ReplayGpu => ({ model: ofBoard, recording: own }));
  });
  if (given.length === 0) return { name, gpus };
  return { name, gpus: gpus.map((gpu, i) => ({ ...gpu, recording: given[i % given.length] })) };
}
