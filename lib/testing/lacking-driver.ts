import { readFileSync, writeFileSync } from 'node:fs';
import { outOfRange, readArray, readNativeString } from '../arguments.js';
import { ownSimulatedDriverPath } from './simulator.js';

/**
 * Writes a copy of the simulated driver to `file` in which these functions are really missing, as
 * in a driver from before they were made: a look-up of their names finds nothing. (A scenario's
 * `lacks` has them there, answering that they are not.) Open it with `libraryPath`, and give it a
 * scenario with `new SimulatedHost({ libraryPath: file }).load(...)` before.
 * @returns `file`
 * @throws RangeError ERR_GPU_OUT_OF_RANGE for what is no function of NVML
 */
export function writeDriverWithout(functions: readonly string[], file: string): string {
  const names = readArray(functions, 'functions');
  const path = readNativeString(file, 'file');
  const library = readFileSync(ownSimulatedDriverPath());
  const table = symbolNames(library);
  names.forEach((name, index) => {
    hide(readNativeString(name, `functions[${index}]`), table);
  });
  writeFileSync(path, library);
  return path;
}

// What says that the driver is simulated cannot be hidden.
function hide(name: string, table: Buffer): void {
  const at = name.startsWith('nvml') ? table.indexOf(`\0${name}\0`) : -1;
  if (at < 0) throw outOfRange('functions', 'names of functions of NVML, each once', name);
  table[at + 1] = '-'.charCodeAt(0);
}

/** The names that the loader compares with, in the memory of a 64-bit little-endian ELF file. */
function symbolNames(library: Buffer): Buffer {
  const tableAt = Number(library.readBigUInt64LE(0x28));
  const section = (index: number) => library.subarray(tableAt + index * 64);
  const count = library.readUInt16LE(0x3c);
  const sections = Array.from({ length: count }, (_, index) => section(index));
  const dynamicSymbols = sections.find((header) => header.readUInt32LE(4) === 11);
  if (dynamicSymbols === undefined) throw new Error('the simulated driver has no dynamic symbols');
  const names = section(dynamicSymbols.readUInt32LE(0x28));
  const begin = Number(names.readBigUInt64LE(0x18));
  return library.subarray(begin, begin + Number(names.readBigUInt64LE(0x20)));
}
