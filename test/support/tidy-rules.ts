import { basename } from 'node:path';
import { blocksOf, codeOf, parametersOf } from './source-text.js';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A rule of the house over single files, with files that break it. */
export interface Rule {
  readonly title: string;
  readonly appliesTo: RegExp;
  readonly except?: RegExp;
  readonly problems: (file: SourceFile) => readonly string[];
  readonly broken: readonly SourceFile[];
}

const code = /\.(h|cc|ts|mts|cts|mjs|cjs)$/;
const cxx = /\.(h|cc)$/;
const generated = /\.generated\.(h|ts)$/;
// Tables in the form of code: boards, NVML's declarations.
const data = /\.generated\.(h|ts)$|^native\/simulator\/boards\.cc$|^native\/nvml\/abi\w*\.h$/;

function matches(pattern: RegExp, text: string): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => {
    return `line ${text.slice(0, match.index).split('\n').length}: ${match[0].trim()}`;
  });
}

function linesLongerThan(limit: number, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const { length } = [...line];
    return length > limit ? [`line ${index + 1} has ${length} columns`] : [];
  });
}

const sizes: readonly Rule[] = [
  {
    title: 'a file ends within 400 lines',
    appliesTo: code,
    except: data,
    problems: ({ text }) => {
      const count = text.split('\n').length - 1;
      return count > 400 ? [`${count} lines`] : [];
    },
    broken: [{ path: 'lib/long.ts', text: 'x;\n'.repeat(401) }],
  },
  {
    title: 'a line has at most 100 columns',
    appliesTo: /\.(h|cc|inc|ts|mts|cts|mjs|cjs|gyp|yml)$|^CMakeLists.txt$|^\.ci\/run$/,
    except: generated,
    problems: ({ text }) => linesLongerThan(100, text),
    broken: [{ path: 'lib/wide.ts', text: `const a = '${'a'.repeat(90)}';\n` }],
  },
  {
    title: 'a function ends within 70 lines',
    appliesTo: code,
    except: data,
    problems: ({ text }) => {
      const long = blocksOf(codeOf(text)).filter((block) => block.lineCount > 70);
      return long.map(({ head, line, lineCount }) => `line ${line}: ${lineCount} lines: ${head}`);
    },
    broken: [
      { path: 'lib/a.ts', text: `function f(): void {\n${'  g();\n'.repeat(70)}}\n` },
      { path: 'lib/b.ts', text: `it('is long', () => {\n${'  g();\n'.repeat(70)}});\n` },
      { path: 'native/core/a.cc', text: `int A::F(int a) const {\n${'  G();\n'.repeat(70)}}\n` },
    ],
  },
  {
    title: 'a C++ function has at most 4 parameters, and no bool among several',
    appliesTo: /^native\/.*\.(h|cc)$/,
    except: /^native\/simulator\/|^native\/nvml\/abi/,
    problems: ({ text }) => {
      return blocksOf(codeOf(text)).flatMap(({ head, line }) => {
        const parameters = parametersOf(head.replace(/^.*\btemplate\s*<[^>]*>/, ''));
        const flags = parameters.length > 1 && parameters.some((one) => /^bool \w+$/.test(one));
        return parameters.length > 4 || flags ? [`line ${line}: ${head}`] : [];
      });
    },
    broken: [
      { path: 'native/core/a.cc', text: 'void F(int a, int b, int c, int d, int e) {}\n' },
      { path: 'native/core/b.cc', text: 'void F(int a, bool quick) {}\n' },
    ],
  },
];

const words: readonly Rule[] = [
  {
    title: 'TypeScript without any, casts through unknown, enums, default exports',
    appliesTo: /\.(ts|mts|cts)$/,
    problems: ({ path, text }) => {
      const banned =
        /[:<|,(]\s*any\b(?!\()|\bas (any|unknown as)\b|^\s*(export )?(const )?enum \w/gm;
      const exported = /\bexport default\b/g;
      const defaults = path === 'vitest.config.ts' ? [] : matches(exported, codeOf(text));
      return [...matches(banned, codeOf(text)), ...defaults];
    },
    broken: [
      { path: 'lib/a.ts', text: 'const a: any = 1;\n' },
      { path: 'lib/b.ts', text: 'f(a as unknown as string);\n' },
      { path: 'lib/c.ts', text: 'export enum Colour { Red }\n' },
      { path: 'lib/d.ts', text: 'export default 1;\n' },
    ],
  },
  {
    title: 'no using namespace, one namespace, #pragma once',
    appliesTo: /^native\/.*\.(h|cc)$/,
    problems: ({ path, text }) => [
      ...matches(/\busing namespace\b/g, codeOf(text)),
      ...matches(/^namespace (?!gpuring(::simulator)?\b|\{)\w+/gm, codeOf(text)),
      ...(path.endsWith('.h') && !/^#pragma once$/m.test(text) ? ['no #pragma once'] : []),
    ],
    broken: [
      { path: 'native/core/a.cc', text: 'using namespace std;\n' },
      { path: 'native/core/b.cc', text: 'namespace other {\n}\n' },
      { path: 'native/core/c.h', text: 'int a;\n' },
    ],
  },
  {
    title: 'no console in lib outside cli',
    appliesTo: /^lib\/.*\.ts$/,
    except: /^lib\/cli\//,
    problems: ({ text }) => matches(/\bconsole\.\w+/g, codeOf(text)),
    broken: [{ path: 'lib/a.ts', text: 'console.log(1);\n' }],
  },
  {
    title: 'nothing left to do, no path of one machine',
    appliesTo: /./,
    except: /^package-lock\.json$|\.csv$/,
    problems: ({ text }) => [
      ...matches(/\b(TO[D]O|FIX[M]E|XX[X])\b/g, text),
      ...matches(/(?<![\w.])\/(home|root|work)\/\w+/g, text),
    ],
    broken: [
      { path: 'lib/a.ts', text: '// TO' + 'DO: later\n' },
      { path: 'README.md', text: 'see /ho' + 'me/someone/gpuring\n' },
    ],
  },
];

const bannedStems = /^(utils?|helpers?|common|misc|types|constants|interfaces)$/;

const names: readonly Rule[] = [
  {
    title: 'files are named for what they hold: kebab-case in TypeScript, snake_case in C++',
    appliesTo: /^(lib|native|test|scripts|bench)\//,
    problems: ({ path }) => {
      const stem = basename(path).replace(/\..*$/, '');
      const folders = path.split('/').slice(0, -1);
      const isNamed = cxx.test(path) ? /^[a-z0-9_]+$/.test(stem) : true;
      const isKebab = code.test(path) && !cxx.test(path) ? /^[a-z0-9-]+$/.test(stem) : true;
      const isJunk = [stem, ...folders].some((name) => bannedStems.test(name) && name !== 'types');
      const isJunkFile = stem === 'types' && !path.startsWith('test/package/');
      return isNamed && isKebab && !isJunk && !isJunkFile ? [] : [path];
    },
    broken: [
      { path: 'lib/utils.ts', text: '' },
      { path: 'lib/types.ts', text: '' },
      { path: 'lib/common/a.ts', text: '' },
      { path: 'lib/openOptions.ts', text: '' },
      { path: 'native/core/OpenOptions.cc', text: '' },
    ],
  },
];

export const rules: readonly Rule[] = [...sizes, ...words, ...names];
