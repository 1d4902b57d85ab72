// `npm run test:gpu`: what only a real GPU can show. Without one it says so and succeeds.
import { build, cmake } from './build.mjs';
import { driverAnswers } from './driver.mjs';
import { bin, main, run } from './process.mjs';

main(import.meta.url, () => {
  build();
  if (driverAnswers()) {
    cmake('release', ['direct_reading']);
    return run(bin('vitest'), ['run', '--project', 'gpu']);
  }
  console.log('skipped: no NVIDIA driver with a GPU answers here');
});
