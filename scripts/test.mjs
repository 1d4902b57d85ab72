// `npm test`: everything that needs no GPU. With arguments, only vitest with those arguments.
import { join } from 'node:path';
import { build, cmake } from './build.mjs';
import { bin, main, root, run, tee } from './process.mjs';
import { Tally } from './tally.mjs';

const nativePrograms = ['native_tests', 'explorer_tests'];
const helpers = ['direct_reading', 'bare_core'];
const vitest = [
  'run',
  '--project=!gpu',
  '--reporter=default',
  '--reporter=scripts/vitest-count.mjs',
];

main(import.meta.url, async () => {
  build();
  cmake('release', helpers);
  if (process.argv.length > 2) return run(bin('vitest'), ['run', ...process.argv.slice(2)]);
  const tally = new Tally();
  cmake('release', nativePrograms);
  for (const name of nativePrograms) {
    tally.addOutput(name, await tee(join(root, 'out/release', name)));
  }
  cmake('release', ['fault_sweep']);
  const { failure } = await tee(join(root, 'out/release/fault_sweep'), ['--thin']);
  tally.add(failure === undefined ? { passed: 1 } : { failed: 1 });
  tally.addOutput('vitest', await tee(bin('vitest'), vitest));
  tally.finish();
});
