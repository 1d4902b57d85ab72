// Holds the rules of the house: sizes, names, layers, and that the lists are the disk.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../lib/errors.js';
import { layerRules } from './support/tidy-layers.js';
import { type Rule, rules, type SourceFile } from './support/tidy-rules.js';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
}

const listed = run('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate']).split('\n');
const gone = new Set(run('git', ['ls-files', '--deleted']).split('\n'));
const paths = listed.filter((path) => path !== '' && !gone.has(path));

function problems(rule: Rule, file: SourceFile): readonly string[] {
  if (!rule.appliesTo.test(file.path) || rule.except?.test(file.path)) return [];
  return rule.problems(file).map((problem) => `${file.path}: ${problem}`);
}

/** Why the list is not the disk: each path has to stand there exactly once. */
function differences(list: readonly string[], disk: readonly string[]): readonly string[] {
  const twice = list.filter((path, index) => list.indexOf(path) !== index);
  return [
    ...twice.map((path) => `twice: ${path}`),
    ...list.filter((path) => !disk.includes(path)).map((path) => `not there: ${path}`),
    ...disk.filter((path) => !list.includes(path)).map((path) => `not listed: ${path}`),
  ];
}

interface TreeLine {
  readonly path: string;
  readonly comment: string;
}

/** `a.{h,cc}` is a.h and a.cc. */
function expanded(name: string): readonly string[] {
  const [, stem, endings] = /^(.*)\{(.*)\}$/.exec(name) ?? [];
  return endings === undefined ? [name] : endings.split(',').map((ending) => stem + ending);
}

/** The lines `path  comment` of the first fenced block that has any; two spaces are one level. */
function treeOf(markdown: string): readonly TreeLine[] {
  const blocks = [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, body = '']) => body);
  const tree = blocks.find((body) => /^native\/?(\s|$)/m.test(body)) ?? '';
  const folders: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', name = '', comment = ''] = /^( *)(\S+)(?: {2,}(.*))?$/.exec(line) ?? [];
    if (name === '') return [];
    return expanded(name).map((file) => {
      folders.splice(indent.length / 2, Number.POSITIVE_INFINITY, file.replace(/\/$/, ''));
      return { path: folders.join('/'), comment: comment.trim() };
    });
  });
}

/** A line stands for a file, for the folder of the lines below it, or for a folder of data. */
function treeProblems(tree: readonly TreeLine[], disk: readonly string[]): readonly string[] {
  const under = (folder: string) => disk.filter((path) => path.startsWith(`${folder}/`));
  const leaves = tree.filter(({ path }) => !tree.some((line) => line.path.startsWith(`${path}/`)));
  const covered = leaves.flatMap(({ path }) => (disk.includes(path) ? [path] : under(path)));
  const hidden = leaves
    .flatMap(({ path }) => under(path))
    .filter((path) => /\.(ts|h|cc)$/.test(path));
  return [
    ...leaves.filter(({ comment }) => comment === '').map(({ path }) => `no comment: ${path}`),
    ...leaves
      .filter(({ path }) => !disk.includes(path) && under(path).length === 0)
      .map(({ path }) => `not there: ${path}`),
    ...hidden.map((path) => `source without a line of its own: ${path}`),
    ...differences(covered, disk),
  ];
}

function nativeList(): readonly string[] {
  const groups = Object.values<unknown>(JSON.parse(read('native/sources.json')));
  return groups.flat().filter((path): path is string => /^native\/.*\.cc$/.test(String(path)));
}

function undocumented(codes: readonly string[], readme: string): readonly string[] {
  return codes.filter((code) => !readme.includes(`\`${code}\``));
}

describe.each([...rules, ...layerRules])('$title', (rule) => {
  it('holds', () => {
    const files = paths.filter((path) => rule.appliesTo.test(path));
    expect(files.flatMap((path) => problems(rule, { path, text: read(path) }))).toEqual([]);
  });

  it.each(rule.broken)('can fail: $path', (file) => {
    expect(problems(rule, file)).not.toEqual([]);
  });
});

describe('lists that are the disk', () => {
  it('native/sources.json names every native source exactly once', () => {
    const disk = paths.filter((path) => /^native\/.*\.cc$/.test(path));
    expect(differences(nativeList(), disk)).toEqual([]);
  });

  it("ARCHITECTURE.md's tree is the tree", () => {
    expect(treeProblems(treeOf(read('ARCHITECTURE.md')), paths)).toEqual([]);
  });

  it('the comparisons can fail', () => {
    expect(differences(['a', 'a', 'b'], ['a', 'c'])).toEqual([
      'twice: a',
      'not there: b',
      'not listed: c',
    ]);
    const text = '```\nnative/   all\n  a.{cc,h}    one\n  data/  rows\nx\n```\n';
    expect(treeProblems(treeOf(text), ['native/a.cc', 'native/data/b.cc', 'new.ts'])).toEqual([
      'no comment: x',
      'not there: native/a.h',
      'not there: x',
      'source without a line of its own: native/data/b.cc',
      'not listed: new.ts',
    ]);
  });
});

describe('what is written down', () => {
  it('every error code stands in README.md', () => {
    expect(undocumented(errorCodes, read('README.md'))).toEqual([]);
    expect(undocumented(['ERR_GPU_NEW'], 'text')).toEqual(['ERR_GPU_NEW']);
  });

  it('what follows from native/metrics.json is up to date', () => {
    expect(() => run(process.execPath, ['scripts/generate-metrics.mjs', '--check'])).not.toThrow();
  });
});
