import type { Rule } from './tidy-rules.js';

/** What a folder of native/ may include of ours and of the system. */
interface Layer {
  readonly folder: string;
  readonly ours: RegExp;
  readonly system: RegExp;
}

const standardLibrary = /^[a-z_]+$/;
const notNode = /^(?!napi|node_api|uv\.h)/;

const layers: readonly Layer[] = [
  { folder: 'native/portable_libc.cc', ours: /^$/, system: notNode },
  { folder: 'native/core/', ours: /^core\//, system: standardLibrary },
  { folder: 'native/aggregate/', ours: /^(core|aggregate)\//, system: standardLibrary },
  { folder: 'native/distribute/', ours: /^(core|distribute)\//, system: standardLibrary },
  { folder: 'native/nvml/', ours: /^(core|nvml)\//, system: notNode },
  {
    folder: 'native/binding/',
    ours: /^(core|aggregate|distribute|nvml|binding)\//,
    system: /^(?!dlfcn\.h)/,
  },
  {
    folder: 'native/simulator/',
    ours: /^(nvml\/abi\w*\.h|simulator\/.*)$/,
    system: notNode,
  },
];

function includeProblems(path: string, text: string): readonly string[] {
  const layer = layers.find(({ folder }) => path.startsWith(folder));
  if (layer === undefined) return ['a folder of native/ that no layer rule knows'];
  const includes = [...text.matchAll(/^\s*#\s*include\s+([<"])(.+)[>"]/gm)];
  return includes
    .filter(([, mark, name = '']) => !(mark === '"' ? layer.ours : layer.system).test(name))
    .map(([line]) => line.trim());
}

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:from\s+|import\s*\(?\s*|require\s*\(\s*)'([^']+)'/g)].map(
    ([, name = '']) => name,
  );
}

/** A rule about imports: no file of `appliesTo` imports what `banned` matches. */
function importRule(
  title: string,
  places: { readonly appliesTo: RegExp; readonly except?: RegExp; readonly banned: RegExp },
  broken: Readonly<Record<string, string>>,
): Rule {
  const { banned, ...where } = places;
  return {
    title,
    ...where,
    problems: ({ text }) => importsOf(text).filter((name) => banned.test(name)),
    broken: Object.entries(broken).map(([path, name]) => ({
      path,
      text: `import { a } from '${name}';\n`,
    })),
  };
}

const entry = /^lib\/(index|testing\/index)\.ts$/;

export const layerRules: readonly Rule[] = [
  {
    title: 'a native folder includes only what its layer may know',
    appliesTo: /^native\/.*\.(h|cc|inc)$/,
    // The places in core that meet the operating system.
    except: /^native\/core\/(cell_array|clock|detached_thread|process_fence|timer)\.cc$/,
    problems: ({ path, text }) => includeProblems(path, text),
    broken: [
      { path: 'native/core/a.cc', text: '#include <unistd.h>\n' },
      { path: 'native/core/b.cc', text: '#include "nvml/abi.h"\n' },
      { path: 'native/nvml/a.cc', text: '#include <napi.h>\n' },
      { path: 'native/binding/a.cc', text: '#include <dlfcn.h>\n' },
      { path: 'native/simulator/a.cc', text: '#include "core/status.h"\n' },
      { path: 'native/elsewhere/a.cc', text: '' },
    ],
  },
  importRule(
    'only lib/native.ts loads the addon',
    { appliesTo: /^lib\//, except: /^lib\/native\.ts$/, banned: /node-gyp-build|\.node$/ },
    { 'lib/a.ts': 'node-gyp-build', 'lib/b.ts': './gpuring.node' },
  ),
  importRule(
    'nobody in lib imports an entry point',
    { appliesTo: /^lib\//, except: entry, banned: /^\.{1,2}(\/.*)?\/index\.js$|^\.{1,2}$/ },
    { 'lib/cli/a.ts': '../index.js', 'lib/b.ts': './testing/index.js' },
  ),
  importRule(
    'selection and distribution are pure: nothing native, nothing live',
    {
      appliesTo: /^lib\/(selection|distribution)\//,
      banned: /native\.js$|manager\.js$|\/(live|open|block)[\w-]*\.js$|^node:(fs|child_process)/,
    },
    { 'lib/selection/a.ts': '../native.js', 'lib/distribution/a.ts': '../telemetry/live.js' },
  ),
  importRule(
    'nobody in lib outside cli imports the command line',
    { appliesTo: /^lib\//, except: /^lib\/cli\//, banned: /\/cli\// },
    { 'lib/a.ts': './cli/table.js' },
  ),
  importRule(
    'lib imports Node, itself, and node-gyp-build; peers only in export',
    {
      appliesTo: /^lib\//,
      except: /^lib\/export\//,
      banned: /^(?!node:|\.{1,2}\/|node-gyp-build$)/,
    },
    { 'lib/a.ts': 'prom-client' },
  ),
];
