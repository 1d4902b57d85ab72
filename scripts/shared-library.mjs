// What a shared library that ships must be: loadable on old systems, hardened, never unloaded.
import { capture } from './process.mjs';

// Debian 10 and RHEL 8; the official binaries of Node ask for the same.
const floor = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] };

function isAbove(version) {
  const [family, number] = version.split('_');
  if (!/^[\d.]+$/.test(number)) return true; // GLIBC_PRIVATE, GLIBC_ABI_...: of one release
  const parts = number.split('.').map(Number);
  const index = floor[family].findIndex((part, i) => (parts[i] ?? 0) !== part);
  return index >= 0 && (parts[index] ?? 0) > floor[family][index];
}

/** What the library asks for and an older system lacks: versions, each with its symbols. */
export function symbolsAboveFloor(path) {
  const references = capture('objdump', ['-p', path]);
  const versions = references.match(/\b(GLIBC|GLIBCXX|CXXABI)_[\w.]+/g) ?? [];
  const symbols = capture('objdump', ['-T', path]).split('\n');
  return [...new Set(versions)].filter(isAbove).map((version) => {
    const named = symbols.filter(
      (line) => line.includes(`${version})`) || line.includes(`${version} `),
    );
    return [version, ...named.map((line) => line.split(/\s+/).at(-1))].join(' ');
  });
}

/** What is missing of the link flags of native/sources.json. */
export function missingHardening(path) {
  const dynamic = capture('readelf', ['-dW', path]);
  const segments = capture('readelf', ['-lW', path]);
  const wanted = {
    NODELETE: /FLAGS_1.*NODELETE/.test(dynamic),
    NOW: /FLAGS_1.*\bNOW\b/.test(dynamic),
    RELRO: segments.includes('GNU_RELRO'),
    'non-executable stack': /GNU_STACK\s.*RW\s/.test(segments),
  };
  return Object.keys(wanted).filter((name) => !wanted[name]);
}

export function soname(path) {
  return /SONAME.*\[(.*)\]/.exec(capture('readelf', ['-dW', path]))?.[1];
}
