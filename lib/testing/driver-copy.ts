import { readFileSync, writeFileSync } from 'node:fs';
import { outOfRange, readArray, readNativeString, readOptions, wrongType } from '../arguments.js';
import { ownSimulatedDriverPath } from './simulator.js';

export interface DriverCopyOptions {
  /**
   * Functions that are really missing, as in a driver from before they were made: a look-up of
   * their names finds nothing. (A scenario's `lacks` has them there, answering that they are not.)
   */
  readonly without?: readonly string[];
  /**
   * The copy leaves the process when the last one closes it, and its host with it; otherwise it
   * stays. Then another file that takes its place is what is opened next, as after an upgrade.
   * Between two openings it keeps no scenario: it has that of GPURING_SCENARIO, or eight boards.
   */
  readonly unloads?: boolean;
}

/**
 * Writes a copy of the simulated driver, to be opened with `libraryPath`. Give it a scenario with
 * `new SimulatedHost({ libraryPath: file }).load(...)` before.
 * @returns `file`
 * @throws TypeError, RangeError for arguments; for what is no function of NVML
 *   ERR_GPU_OUT_OF_RANGE. GPUError ERR_GPU_SIMULATOR_NOT_FOUND
 */
export function writeSimulatedDriver(file: string, options?: DriverCopyOptions): string {
  const path = readNativeString(file, 'file');
  const given = readOptions(options, ['without', 'unloads']);
  const without = readArray((given.get('without') ?? []) as readonly string[], 'options.without');
  const unloads = given.get('unloads') ?? false;
  if (typeof unloads !== 'boolean') throw wrongType('options.unloads', 'true or false', unloads);
  const library = readFileSync(ownSimulatedDriverPath());
  for (const name of without) hide(readNativeString(name, 'options.without'), library);
  if (unloads) letUnload(library);
  writeFileSync(path, library);
  return path;
}

// Of a 64-bit little-endian ELF file: kinds of sections, and the flags in the dynamic one.
const dynamicSection = 6;
const dynamicSymbols = 11;
const moreFlags = 0x6ffffffbn;
const stays = 8n;

/** Each section's header. */
function headers(library: Buffer): readonly Buffer[] {
  const at = Number(library.readBigUInt64LE(0x28));
  return Array.from({ length: library.readUInt16LE(0x3c) }, (_, index) =>
    library.subarray(at + index * 64, at + (index + 1) * 64),
  );
}

function headerOf(kind: number, library: Buffer): Buffer {
  const header = headers(library).find((candidate) => candidate.readUInt32LE(4) === kind);
  if (header === undefined) throw new Error(`the simulated driver has no section of kind ${kind}`);
  return header;
}

/** What is in the section, in place. */
function content(header: Buffer | undefined, library: Buffer): Buffer {
  const at = Number(header?.readBigUInt64LE(0x18));
  return library.subarray(at, at + Number(header?.readBigUInt64LE(0x20)));
}

// Renamed where the loader compares. What says that the driver is simulated cannot be hidden.
function hide(name: string, library: Buffer): void {
  const names = headers(library)[headerOf(dynamicSymbols, library).readUInt32LE(0x28)];
  const table = content(names, library);
  const at = name.startsWith('nvml') ? table.indexOf(`\0${name}\0`) : -1;
  if (at < 0) throw outOfRange('options.without', 'names of functions of NVML, each once', name);
  table[at + 1] = '-'.charCodeAt(0);
}

function letUnload(library: Buffer): void {
  const entries = content(headerOf(dynamicSection, library), library);
  for (let at = 0; at < entries.length; at += 16) {
    if (entries.readBigUInt64LE(at) !== moreFlags) continue;
    entries.writeBigUInt64LE(entries.readBigUInt64LE(at + 8) & ~stays, at + 8);
  }
}
