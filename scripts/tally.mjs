// Adding up what several test programs report.

const pattern = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/g;

export class Tally {
  #counts = { passed: 0, failed: 0, skipped: 0 };

  add(counts) {
    for (const key of Object.keys(this.#counts)) this.#counts[key] += counts[key] ?? 0;
  }

  /**
   * Takes the last 'N passed, N failed' that a program printed. A program that says nothing, or
   * that failed without a failed test, counts as one failure: a crash must not look like success.
   */
  addOutput(name, { output, failure }) {
    const last = [...output.matchAll(pattern)]
      .at(-1)
      ?.slice(1)
      .map((text) => Number(text ?? 0));
    const [passed, failed, skipped] = last ?? [0, 0, 0];
    const unexplained = last === undefined || (failure !== undefined && failed === 0);
    if (unexplained) console.error(`${name} ${failure ?? 'printed no count'}`);
    this.add({ passed, failed: failed + (unexplained ? 1 : 0), skipped });
  }

  /** Prints the last line, and makes the process fail when anything did. */
  finish() {
    const { passed, failed, skipped } = this.#counts;
    console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
    if (failed > 0 || passed === 0) process.exitCode = 1;
  }
}
