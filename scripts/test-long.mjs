// `npm run test:long`: tests that find more the longer they run, for as long as they should.
// `npm test` runs the same ones for some seconds.
import { build } from './build.mjs';
import { bin, main, tee } from './process.mjs';

const tests = ['test/hazards/lease-crowd.test.ts'];

main(import.meta.url, async () => {
  build();
  process.env.GPURING_LONG = '1';
  const reporters = ['--reporter=default', '--reporter=scripts/vitest-count.mjs'];
  const { failure } = await tee(bin('vitest'), ['run', ...tests, ...reporters]);
  if (failure !== undefined) process.exitCode = 1;
});
