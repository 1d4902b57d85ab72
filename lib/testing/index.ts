/**
 * `gpuring/testing`: the simulated NVIDIA driver, for tests without a GPU.
 * @module
 */

export type { DriverCopyOptions } from './driver-copy.js';
export { writeSimulatedDriver } from './driver-copy.js';
export type {
  SimulatedEvent,
  SimulatedEventType,
  SimulatedFault,
  SimulatedHostDevice,
  SimulatedMigInstance,
  SimulatedMisuse,
} from './host-types.js';
export { nvmlReturns } from './nvml-returns.js';
export type {
  Scenario,
  ScenarioDevices,
  ScenarioFault,
  ScenarioLoad,
  ScenarioProcess,
  ScenarioValues,
} from './scenario.js';
export type { Fault, SimulatedHostOptions } from './simulated-host.js';
export { SimulatedHost } from './simulated-host.js';
export { scenarioNames, simulatedDriverPath } from './simulator.js';
