/**
 * `gpuring/testing`: the simulated NVIDIA driver, for tests without a GPU.
 * @module
 */

export type { Scenario, ScenarioDevices, ScenarioFault, ScenarioLoad } from './simulator.js';
export { scenarioNames, simulatedDriverPath } from './simulator.js';
