import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'gpuring-readme-'));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'gpuring'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The README's programs: blocks whose first line names a file and how to run it. */
const programs = [
  ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g),
]
  .map(([, code = '']) => ({ code, file: /node (\S+)/.exec(code)?.[1] ?? '' }))
  .filter(({ file }) => file !== '');

/** What each printed. */
const said = new Map<string, string>();

describe('the README', () => {
  it.each(programs)('$file runs as it stands', async ({ code, file }) => {
    const path = join(folder, file);
    writeFileSync(path, code);
    const ending = await runProgram(path, { args: ['--simulate'] });
    expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
    said.set(file, ending.stdout);
  });

  it('shows programs of both kinds', () => {
    const files = programs.map(({ file }) => file);
    const shown = [
      'pick.cjs',
      'split.mjs',
      'lease.mjs',
      'batch.mjs',
      'energy.mjs',
      'watch.mjs',
      'lost.cjs',
    ];
    expect(files).toEqual(shown);
  });

  it.each([
    ['pick.cjs', 'simulated: true'],
    ['split.mjs', 'simulated: true'],
    ['lease.mjs', 'CUDA_VISIBLE_DEVICES=GPU-'],
    ['lease.mjs', '0 wait'],
    ['batch.mjs', '1000 0'],
    ['watch.mjs', 'fan: unsupported undefined'],
    ['lost.cjs', 'lost true'],
  ])('%s says what it is there for', (file, text) => {
    expect(said.get(file)).toContain(text);
  });
});
