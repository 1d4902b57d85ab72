// The form of a scenario: native/simulator/scenarios/README.md says what each member does.

/** What the simulated driver simulates; the same form as a scenario file. */
export interface Scenario {
  readonly name?: string;
  readonly note?: string;
  /** The same seed gives the same values at the same time, and the same UUIDs. Default 1. */
  readonly seed?: number;
  readonly driverVersion?: string;
  /**
   * When a replayed trace moves on: by the clock (default), one row with each polling round, or by
   * `SimulatedHost.step()`.
   */
  readonly step?: 'clock' | 'round' | 'manual';
  /** Where relative trace paths start. Default: the traces that ship in this package. */
  readonly baseDirectory?: string;
  readonly devices: readonly ScenarioDevices[];
  readonly faults?: readonly ScenarioFault[];
  /** Functions of NVML that answer that they are not there. */
  readonly lacks?: readonly string[];
  /** Bytes of an element in the lists of processes: 24 (default), or 32 as some R535 drivers. */
  readonly processRecordBytes?: 24 | 32;
}

/**
 * A device group of a scenario: boards of one kind, and where their values come from (a recorded
 * trace, or a load curve that a model of the board follows).
 */
export interface ScenarioDevices {
  /**
   * b200, gb10, thor, h100, h200, gh200, a100, l40s, l4, rtx4090, t4, rtx3090, rtxa5000, v100s,
   * k40m.
   */
  readonly board: string;
  /** Default 1. */
  readonly count?: number;
  /** CSV as written by nvidia-smi --query-gpu; relative to the scenario file. */
  readonly trace?: string;
  /** Rows of the trace that belong to this board: column name to value. */
  readonly select?: Readonly<Record<string, string>>;
  /** After the last row: from the start (default), the last row for good, or no data. */
  readonly atEnd?: 'loop' | 'hold' | 'end';
  /** Without a trace: the load that the model of the board follows. Default: idle. */
  readonly load?: ScenarioLoad;
  /** MIG is on, with instances of these profiles: `['1g.10gb', '3g.40gb']`. Absent: it is off. */
  readonly mig?: readonly string[];
  readonly processes?: readonly ScenarioProcess[];
  readonly values?: ScenarioValues;
  readonly note?: string;
}

/** A load curve in percent of the board's full load. */
export type ScenarioLoad =
  | { readonly shape: 'constant'; readonly percent?: number }
  | {
      readonly shape: 'steps';
      readonly percents: readonly number[];
      readonly periodSeconds?: number;
    }
  | {
      readonly shape: 'sine' | 'ramp' | 'noise';
      readonly periodSeconds?: number;
      readonly minPercent?: number;
      readonly maxPercent?: number;
    }
  | {
      readonly shape: 'square' | 'inference';
      readonly periodSeconds?: number;
      readonly minPercent?: number;
      readonly maxPercent?: number;
      /** The share of a period at high load. */
      readonly dutyPercent?: number;
    };

/** A process on a device. */
export interface ScenarioProcess {
  readonly pid: number;
  /** Default 0; null: the driver does not say. */
  readonly memoryMiB?: number | null;
  /** Default: compute. */
  readonly kind?: 'compute' | 'graphics' | 'mps';
  readonly smPercent?: number;
  readonly memoryPercent?: number;
  readonly encoderPercent?: number;
  readonly decoderPercent?: number;
  readonly jpegPercent?: number;
  readonly ofaPercent?: number;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
}

/**
 * Values in place of a device's own, whole numbers in NVML's unit: `'temperature.gpu'`,
 * `'power.draw'` (mW), `'field.94'`, `'fan.speed.1'`. `null` gives one back.
 */
export type ScenarioValues = Readonly<Record<string, number | null>>;

/**
 * Calls of the driver that fail, come late or never, or answer wrongly. It needs one of `return`,
 * `delayMs`, `value`, `text`, `grow`, `overrun` and `fieldReturn`.
 */
export interface ScenarioFault {
  /** Name of the NVML function; `*` stands for any characters. */
  readonly function: string;
  /** Only calls about the device at this place in the scenario. */
  readonly device?: number;
  /** nvmlReturn_t, see `nvmlReturns`. */
  readonly return?: number;
  /** The answer comes so much later; -1: not before the faults are replaced. */
  readonly delayMs?:
    | number
    | { readonly uniform: readonly [least: number, most: number] }
    | { readonly exponential: number };
  /** This many matching calls pass first. */
  readonly afterCalls?: number;
  /** It strikes this many times. Default: for good. */
  readonly calls?: number;
  /** It strikes each n-th matching call. Default 1. */
  readonly everyCalls?: number;
  /** Of a strike where it would strike; drawn by the scenario's seed. Default 1. */
  readonly probability?: number;
  /** What numbers become: `max` has every bit set, `stuck` stays what it first was. */
  readonly value?: 'zero' | 'max' | 'sentinel' | 'nan' | 'random' | 'stuck' | 'unknownType';
  /** What texts become. */
  readonly text?: 'empty' | 'notUtf8' | 'unterminated' | 'tooLong';
  /** A list claims so many elements more than it was given room for. */
  readonly grow?: number;
  /** So many bytes are written behind a struct or an array: it is longer than declared. */
  readonly overrun?: number;
  /** Of `nvmlDeviceGetFieldValues`: this field alone. */
  readonly field?: number;
  /** Return code of the fields themselves. */
  readonly fieldReturn?: number;
}
