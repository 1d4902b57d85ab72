// `npm run lint`: formatting and lint of TypeScript and C++, types of the tests, generated files.
import { bin, capture, isInstalled, main, run } from './process.mjs';

const formatters = ['clang-format-14', 'clang-format'];

function cxxFiles() {
  const args = ['ls-files', '-co', '--exclude-standard', '--', '*.h', '*.cc', '*.cpp'];
  const here = capture('git', [...args])
    .split('\n')
    .filter(Boolean);
  return here.filter((path) => !path.endsWith('.generated.h'));
}

main(import.meta.url, () => {
  run(process.execPath, ['scripts/generate-metrics.mjs', '--check']);
  run(bin('biome'), ['check', '--error-on-warnings']);
  const formatter = formatters.find(isInstalled);
  if (formatter === undefined) console.log('C++ format not checked: no clang-format-14 here');
  else run(formatter, ['--dry-run', '-Werror', ...cxxFiles()]);
  run(bin('tsc'), ['-p', 'test']);
  console.log('lint: nothing to say');
});
