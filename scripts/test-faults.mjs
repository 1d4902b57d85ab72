// `npm run test:faults`: every function of the driver that the addon uses, with every fault that it
// can have. With an argument, only functions whose names contain it. The last line counts them.
import { join } from 'node:path';
import { cmake } from './build.mjs';
import { install } from './install.mjs';
import { main, root, tee } from './process.mjs';

main(import.meta.url, async () => {
  install();
  cmake('release', ['fault_sweep']);
  const { failure } = await tee(join(root, 'out/release/fault_sweep'), process.argv.slice(2));
  if (failure !== undefined) process.exitCode = 1;
});
