// `npm test`: everything that needs no GPU. With arguments, only vitest with those arguments.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, cmake } from './build.mjs';
import { bin, main, root, run, tee } from './process.mjs';
import { Tally } from './tally.mjs';

const report = join(root, 'out/vitest.json');

function reasonOf(test) {
  const reasons = Object.values(test.meta ?? {}).filter((value) => typeof value === 'string');
  return reasons.length > 0 ? `: ${reasons.join(' ')}` : '';
}

function vitest(tally) {
  rmSync(report, { force: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { failure } = tee(bin('vitest'), args);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  const tests = result.testResults.flatMap((file) => file.assertionResults);
  const count = (...states) => tests.filter((test) => states.includes(test.status)).length;
  const passed = count('passed');
  const skipped = tests.length - passed - count('failed');
  // A file that does not load has no tests, and still fails the run.
  const failed = Math.max(count('failed'), failure === undefined ? 0 : 1);
  tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .forEach((test) => {
      console.log(`skipped: ${test.fullName}${reasonOf(test)}`);
    });
  tally.add({ passed, failed, skipped });
}

main(() => {
  build();
  if (process.argv.length > 2) return run(bin('vitest'), ['run', ...process.argv.slice(2)]);
  const tally = new Tally();
  const programs = ['native_tests', 'explorer_tests'];
  cmake('release', programs);
  for (const name of programs) tally.addOutput(name, tee(join(root, 'out/release', name)));
  vitest(tally);
  tally.finish();
});
