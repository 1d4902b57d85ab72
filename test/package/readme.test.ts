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

describe('the README', () => {
  it('shows a CommonJS and an ESM program', () => {
    expect(programs.map(({ file }) => file)).toEqual(['pick.cjs', 'split.mjs']);
  });

  it.each(programs)('$file runs as it stands', async ({ code, file }) => {
    const path = join(folder, file);
    writeFileSync(path, code);
    const ending = await runProgram(path, { args: ['--simulate'] });
    expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ending.stdout).toContain('simulated: true');
  });
});
