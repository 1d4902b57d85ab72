// The native tests under ThreadSanitizer, then under AddressSanitizer and UBSan. No suppressions.
import { join } from 'node:path';
import { cmake } from './build.mjs';
import { main, root, tee } from './process.mjs';
import { Tally } from './tally.mjs';

// The garbage that writes most, of every function.
const garbage = ['overrun 64 always', 'value max always', 'unterminated always', 'grow 100000'];

async function garbageSweep(preset) {
  cmake(preset, ['fault_sweep']);
  const only = garbage.map((name) => `--only=${name}`);
  const { failure } = await tee(join(root, 'out', preset, 'fault_sweep'), only);
  return failure === undefined ? { passed: 1 } : { failed: 1 };
}

/** Once more where the search for leaks, which comes last, crashed itself: that says nothing. */
async function nativeTests(preset) {
  const program = join(root, 'out', preset, 'native_tests');
  const ran = await tee(program);
  if (!ran.errors.includes('LeakSanitizer has encountered a fatal error')) return ran;
  console.log('the search for leaks crashed, so all of it once more');
  return tee(program);
}

main(import.meta.url, async () => {
  const tally = new Tally();
  for (const preset of ['tsan', 'asan']) {
    console.log(`native tests: ${preset}`);
    cmake(preset, ['native_tests']);
    tally.addOutput(preset, await nativeTests(preset));
    if (preset === 'asan') tally.add(await garbageSweep(preset));
  }
  tally.finish();
});
