// The native tests under ThreadSanitizer, then under AddressSanitizer and UBSan. No suppressions.
import { join } from 'node:path';
import { cmake } from './build.mjs';
import { main, root, tee } from './process.mjs';
import { Tally } from './tally.mjs';

main(import.meta.url, async () => {
  const tally = new Tally();
  for (const preset of ['tsan', 'asan']) {
    console.log(`native tests: ${preset}`);
    cmake(preset, ['native_tests']);
    tally.addOutput(preset, await tee(join(root, 'out', preset, 'native_tests')));
  }
  tally.finish();
});
