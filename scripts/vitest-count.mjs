// A vitest reporter: why tests were skipped, and 'N passed, N failed' as every test program prints.
export default class CountReporter {
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A file that does not load has no tests, and still fails.
      if (module.state() === 'failed' && tests.length === 0) counts.failed += 1;
      for (const test of tests) this.#count(test, counts);
    }
    const { passed, failed, skipped } = counts;
    console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  }

  #count(test, counts) {
    const { state, note } = test.result();
    counts[state === 'pending' ? 'skipped' : state] += 1;
    if (state === 'skipped') console.log(`skipped: ${test.fullName}: ${note ?? 'no reason given'}`);
  }
}
