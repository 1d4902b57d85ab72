// Native programs that sample eight simulated boards.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ownSimulatedDriverPath } from '../../dist/testing/simulator.js';
import { scenario } from '../reading/host.mjs';

export { deviceCount } from '../reading/host.mjs';

/** What the program of bench/native says of that driver, which it names last: JSON. */
export function said(program, ...args) {
  const path = fileURLToPath(new URL(`../../out/release/${program}`, import.meta.url));
  const all = [...args.map(String), ownSimulatedDriverPath(), JSON.stringify(scenario)];
  return JSON.parse(execFileSync(path, all, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}
