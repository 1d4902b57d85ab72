/**
 * `gpuring/testing`: the simulated NVIDIA driver, for tests without a GPU.
 * @module
 */
export { scenarioNames, simulatedDriverPath } from './simulator.js';
export type { Scenario, ScenarioDevices, ScenarioFault } from './simulator.js';
