/** Prints the closing line `N passed, N failed[, N skipped]` that scripts and CI read. */
export default class ClosingLineReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const testModule of testModules) {
      let failed = 0;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        counts[state] += 1;
        failed += state === 'failed' ? 1 : 0;
      }
      // A file that could not be loaded, or whose set-up failed, fails without a test that did.
      counts.failed += testModule.state() === 'failed' && failed === 0 ? 1 : 0;
    }
    const skipped = counts.skipped + counts.pending;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${tail}\n`);
  }
}
