// What an entry point loads, and when; and that both kinds of module give the same.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const found = runProgram('package/entry-points.cjs').then(({ stdout, stderr }) => {
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
});

describe.each(['gpuring', 'gpuring/testing'])('%s', (name) => {
  it('loads nothing else before something is asked for', async () => {
    const { loaded } = (await found)[name];
    expect(loaded).toHaveLength(1);
    expect(loaded[0]).toMatch(new RegExp(join('dist', '(testing/)?index\\.js$')));
  });

  it('gives every name, to CommonJS and to ESM the very same', async () => {
    const { names, missing, different } = (await found)[name];
    expect(names).toBeGreaterThan(4);
    expect(missing).toEqual([]);
    expect(different).toEqual([]);
  });
});

it('imports the classes in one file, and neither what they are made of nor the addon', async () => {
  const { byImport } = (await found).gpuring;
  expect(byImport).toHaveLength(1);
  expect(byImport[0]).toMatch(/dist\/faces\.js$/);
});
