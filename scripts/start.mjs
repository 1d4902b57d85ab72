// `npm start`: the package at work, on the real driver or, where there is none, on the simulated
// one, which says so. In a terminal the live table; without one, a short run that ends by itself.
import { join } from 'node:path';
import { build } from './build.mjs';
import { driverAnswers } from './driver.mjs';
import { main, root, run } from './process.mjs';

function gpuring(...args) {
  run(process.execPath, [join(root, 'dist/cli/main.js'), ...args]);
}

main(import.meta.url, () => {
  build();
  const source = driverAnswers() ? [] : ['--simulate'];
  if (source.length > 0) console.log('No NVIDIA driver answers here: this is the SIMULATED one.\n');
  if (process.stdin.isTTY && process.stdout.isTTY) return gpuring('top', ...source);
  gpuring('top', '--count', '5', ...source);
  gpuring('select', ...source);
  gpuring('distribute', '--items', '1000', '--strategy', 'capacity', ...source);
});
