import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { GPUError } from '../errors.js';
import { traceFolder } from '../testing/simulator.js';
import { type Recording, readTrace } from './trace.js';

const ending = '.csv';
const maxBytes = 32 * 2 ** 20;

/** The recordings that ship in this package: `folder/file` without `.csv`. */
export function traceNames(): readonly string[] {
  const folders = readdirSync(traceFolder, { withFileTypes: true });
  return folders
    .filter((folder) => folder.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(traceFolder, name))
        .filter((file) => file.endsWith(ending))
        .map((file) => `${name}/${basename(file, ending)}`),
    )
    .sort();
}

/**
 * The recordings in a file. What ends in `.csv` is a path; anything else names a recording that
 * ships, in full or by its last part where that is enough.
 * @throws GPUError ERR_GPU_SCENARIO_INVALID
 */
export function loadTrace(given: string): readonly Recording[] {
  if (given.endsWith(ending)) return readTrace(readText(resolve(given), given), given);
  const name = shippedName(given);
  return readTrace(readText(join(traceFolder, `${name}${ending}`), given), name);
}

function shippedName(given: string): string {
  const names = traceNames();
  const found = names.filter((name) => name === given || name.endsWith(`/${given}`));
  const [name] = found;
  if (name !== undefined && found.length === 1) return name;
  const several = found.length > 1 ? ` of ${found.join(' and ')} alone` : '';
  throw new GPUError(
    'ERR_GPU_SCENARIO_INVALID',
    `trace: expected the name of a shipped recording or a path to a .csv file, ` +
      `got '${given}', which is no name${several}`,
    { hint: `one of ${names.join(', ')}` },
  );
}

function readText(path: string, given: string): string {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new Error(`it has ${size} bytes, at most ${maxBytes} are read`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GPUError('ERR_GPU_SCENARIO_INVALID', `trace ${given}: ${why}`, { cause });
  }
}
