// Native programs that sample eight boards: simulated ones, or those of a driver that stands still.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ownSimulatedDriverPath } from '../../dist/testing/simulator.js';
import { scenario } from '../reading/host.mjs';

export { deviceCount } from '../reading/host.mjs';

const built = (name) => fileURLToPath(new URL(`../../out/release/${name}`, import.meta.url));
const run = (program, args) =>
  JSON.parse(
    execFileSync(built(program), args.map(String), { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );

/** What the program of bench/native says of the simulated driver, which is named last: JSON. */
export const said = (program, ...args) =>
  run(program, [...args, ownSimulatedDriverPath(), JSON.stringify(scenario)]);

/** Likewise over bench/native/drivers/still_driver.cc, whose calls cost next to nothing. */
export const saidOverStill = (program, ...args) =>
  run(program, [...args, built('still_driver.so'), '']);
