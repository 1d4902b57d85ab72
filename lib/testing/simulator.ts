import { existsSync, readdirSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { readSafely, wrongType } from '../arguments.js';
import { GPUError } from '../errors.js';
import type { Scenario } from './scenario.js';

export type { Scenario } from './scenario.js';

const root = join(__dirname, '..', '..');
const scenarioFolder = join(root, 'native', 'simulator', 'scenarios');
/** The recordings of real boards that ship in this package. */
export const traceFolder: string = join(root, 'native', 'simulator', 'traces');

/**
 * The simulated driver that ships in this package: a shared library with NVML's own interface.
 * Any program that loads `libnvidia-ml.so.1` can be pointed at its folder.
 * @throws GPUError ERR_GPU_SIMULATOR_NOT_FOUND when this platform has none
 */
export function simulatedDriverPath(): string {
  return builtDriver('libnvidia-ml.so.1');
}

/**
 * The copy that `simulate` opens. Its soname is not the one that a search for the real driver asks
 * the loader for, so that the loader never answers such a search with this library.
 */
export function ownSimulatedDriverPath(): string {
  return builtDriver('libnvidia-ml.so');
}

function builtDriver(file: string): string {
  const path = join(root, 'prebuilds', `${process.platform}-${process.arch}`, file);
  if (existsSync(path)) return path;
  throw new GPUError('ERR_GPU_SIMULATOR_NOT_FOUND', `no simulated driver at ${path}`, {
    hint: 'it ships for linux-x64; in a checkout, npm run build makes it',
  });
}

/** The scenarios that ship in this package, by name. */
export function scenarioNames(): readonly string[] {
  return readdirSync(scenarioFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * The text that tells the simulated driver what to simulate: a path, or JSON.
 * `true` is the scenario `mixed`; a bare word names a shipped scenario; else it is a path.
 * @throws GPUError ERR_GPU_SCENARIO_INVALID when a bare word names none
 * @throws TypeError ERR_GPU_INVALID_TYPE when an object cannot be written as a JSON object
 */
export function scenarioText(simulate: true | string | Scenario): string {
  if (typeof simulate === 'object') return scenarioJson(simulate);
  const name = simulate === true ? 'mixed' : simulate;
  if (name.includes('/') || name.endsWith('.json')) {
    return isAbsolute(name) ? name : resolve(name);
  }
  if (!scenarioNames().includes(name)) {
    throw new GPUError('ERR_GPU_SCENARIO_INVALID', `no shipped scenario is called ${name}`, {
      hint: `one of ${scenarioNames().join(', ')}, or a path to a scenario file`,
    });
  }
  return join(scenarioFolder, `${name}.json`);
}

function scenarioJson(scenario: Scenario): string {
  const baseDirectory = traceFolder;
  const what = 'options.simulate';
  // Getters and toJSON are the caller's code; what the latter returns need not be an object.
  const text: unknown = readSafely(what, () => JSON.stringify({ baseDirectory, ...scenario }));
  if (typeof text === 'string' && text.startsWith('{')) return text;
  throw wrongType(what, 'a scenario that JSON can write as an object', scenario);
}
