/** A device of the simulated host. */
export interface SimulatedHostDevice {
  /** Its place in the scenario, then in the order of adding. It never changes. */
  readonly position: number;
  /** The UUID: `GPUDevice.deviceId` where it is opened. */
  readonly deviceId: string;
  readonly board: string;
  /** The driver's index; absent: removed, and counted no more. */
  readonly index?: number;
  readonly presence: 'present' | 'lost' | 'removed';
  /** Absent: MIG is off. */
  readonly mig?: readonly SimulatedMigInstance[];
}

export interface SimulatedMigInstance {
  readonly deviceId: string;
  readonly index: number;
  readonly profile: string;
  readonly gpuInstanceId: number;
  readonly computeInstanceId: number;
}

/** An event of the driver about a device. */
export interface SimulatedEvent {
  readonly type: SimulatedEventType;
  /** Of an Xid: its number. */
  readonly data?: number;
  /** So many of them, one after another. Default 1; a queue holds a million. */
  readonly count?: number;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
}

export type SimulatedEventType =
  | 'xid'
  | 'eccSingleBit'
  | 'eccDoubleBit'
  | 'performanceState'
  | 'clock'
  | 'powerSource'
  | 'migConfiguration'
  | 'eccStorm'
  | 'dramRetirement'
  | 'retirementFailure'
  | 'poison'
  | 'fatalPoison'
  | 'unavailable'
  | 'recoveryAction';

/** An injected fault, and whom it has met. */
export interface SimulatedFault {
  readonly function: string;
  /** The device's position. */
  readonly device?: number;
  /** Calls that matched it. */
  readonly seen: number;
  /** Calls that it struck. */
  readonly struck: number;
}

/** What clients did to the driver that they must not do; `concurrentCalls` is allowed. */
export interface SimulatedMisuse {
  readonly useAfterShutdown: number;
  /** A shutdown without an init of its own. */
  readonly unbalancedShutdown: number;
  /** Two threads at once in one device. */
  readonly concurrentHandle: number;
  /** Two threads at once in the library. */
  readonly concurrentCalls: number;
  /** A handle of before a shutdown, or of before its device came back. */
  readonly staleHandle: number;
  /** Event sets, and samples of performance counters, not freed before the last shutdown. */
  readonly openEventSets: number;
  readonly openGpmSamples: number;
  /** Inits that no shutdown has met yet. */
  readonly openInits: number;
  readonly calls: number;
  /** The latest misuse, as `nvmlDeviceGetName: staleHandle`; '' for none. */
  readonly last: string;
}
