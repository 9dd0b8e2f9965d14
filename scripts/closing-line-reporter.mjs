/** Prints the closing line `N passed, N failed[, N skipped]` that scripts and CI read. */
export default class ClosingLineReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const testModule of testModules) {
      let tests = 0;
      for (const test of testModule.children.allTests()) {
        counts[test.result().state] += 1;
        tests += 1;
      }
      const brokenBeforeAnyTest = testModule.state() === 'failed' && tests === 0;
      counts.failed += brokenBeforeAnyTest ? 1 : 0;
    }
    const skipped = counts.skipped + counts.pending;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${tail}\n`);
  }
}
