// What a shared library that ships must be: loadable on old systems, hardened, never unloaded.
import { capture } from './process.mjs';

// Debian 10 and RHEL 8; the official binaries of Node ask for the same.
const floor = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] };

const isNewer = (version, bound) => {
  const index = bound.findIndex((part, i) => (version[i] ?? 0) !== part);
  return index >= 0 && (version[index] ?? 0) > bound[index];
};

/** Symbols that an older system lacks, as objdump spells them. */
export function symbolsAboveFloor(path) {
  const table = capture('objdump', ['-T', path]);
  return table.split('\n').filter((line) => {
    const match = /\((GLIBC|GLIBCXX|CXXABI)_([\d.]+)\)|\b(GLIBC|GLIBCXX|CXXABI)_([\d.]+)\b/.exec(
      line,
    );
    if (match === null) return false;
    const [family, version] = [match[1] ?? match[3], match[2] ?? match[4]];
    return isNewer(version.split('.').map(Number), floor[family]);
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
