// Reads rows of a block as the package does, while a native thread writes them without a pause.
import module from '../../dist/faces.js';

const { copyLocked, words } = module('telemetry/locked-words.js');

const rowCount = 256;
const readsBetweenLooks = 1024;

/** Whether all words of the row are of the write that its lock tells. */
function isWhole({ halves }, lock) {
  const version = lock >>> 1;
  for (let word = 1; 2 * word < halves.length; word++) {
    const isOf = halves[2 * word] >>> 0 === version;
    if (!isOf || halves[2 * word + 1] >>> 0 !== (version ^ word) >>> 0) return false;
  }
  return true;
}

/** Without looking at the lock again: what a careless reader would see. */
export function copyCarelessly(halves, { start, count, lock }, into) {
  for (let half = 0; half < 2 * count; half++) {
    into.halves[half] = Atomics.load(halves, 2 * start + half);
  }
  return into.halves[2 * (lock - start)];
}

/** Reads row after row for so long: how many were read, torn, and not to be had. */
export function readFor(memory, layout, { lengthMs, copy = copyLocked }) {
  const { firstRowWord, rowStrideWords, rowWords, rowLockWord } = layout;
  const halves = new Int32Array(memory);
  const into = words(rowWords);
  const found = { read: 0, torn: 0, missed: 0 };
  const endMs = performance.now() + lengthMs;
  for (let row = 0; performance.now() < endMs; ) {
    for (let count = 0; count < readsBetweenLooks; count++) {
      const start = firstRowWord + row * rowStrideWords;
      const place = { start, count: rowWords, lock: start + rowLockWord };
      const lock = copy(halves, place, into);
      row = (row + 1) % rowCount;
      if (lock === undefined) found.missed += 1;
      else if (lock !== 0) {
        found.read += 1;
        if (!isWhole(into, lock)) found.torn += 1;
      }
    }
  }
  return found;
}
