// The published results of the benchmarks: bench/results/last.json, and what is rendered from it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart, compact, fullTable, shortTable, withTable } from '../bench/harness/published.mjs';
import { root } from './process.mjs';

const last = 'bench/results/last.json';

const read = (path) => readFileSync(join(root, path), 'utf8');

/** Every file that follows from what bench/results/last.json holds, by path. */
export function rendered(results) {
  return {
    'bench/README.md': withTable(read('bench/README.md'), fullTable(results)),
    'README.md': withTable(read('README.md'), shortTable(results)),
    'bench/results/last.svg': chart(results),
  };
}

export const published = () => JSON.parse(read(last));

/** Of a whole check with three processes a question: less says nothing of noise, or of all. */
export function publish(results) {
  if (!results.isWhole || results.processes < 3) {
    throw new Error('expected the results of a whole check: run `npm run bench -- --check` first');
  }
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  const kept = compact(results);
  writeFileSync(join(root, last), `${JSON.stringify(kept, null, 1)}\n`);
  for (const [path, text] of Object.entries(rendered(kept))) writeFileSync(join(root, path), text);
  console.log(`written: ${[last, ...Object.keys(rendered(kept))].join(', ')}`);
}
