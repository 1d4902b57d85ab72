// `npm run bench -- NAME`: runs bench/NAME.*, passing on what follows the name.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, cmake } from './build.mjs';
import { main, root, run } from './process.mjs';

main(import.meta.url, () => {
  const [name, ...args] = process.argv.slice(2);
  const files = readdirSync(join(root, 'bench')).filter((file) => /\.(mjs|js)$/.test(file));
  const file = files.find((candidate) => candidate.replace(/\.\w+$/, '') === name);
  if (file === undefined) {
    const names = files.map((candidate) => candidate.replace(/\.\w+$/, '')).join(', ');
    throw new Error(`expected the name of a benchmark (${names || 'none yet'}), got ${name}`);
  }
  build();
  cmake('release', ['bench_programs']);
  run(process.execPath, ['--expose-gc', join(root, 'bench', file), ...args]);
});
