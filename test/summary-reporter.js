/**
 * Closes a run with what CI reads: the five slowest suites, then the count of tests as the last line.
 * Plain JavaScript, because jest loads reporters without its transforms.
 */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const seconds = ({ perfStats }) => (perfStats.end - perfStats.start) / 1000;
    const slowest = [...results.testResults].sort((a, b) => seconds(b) - seconds(a)).slice(0, 5);
    const lines = slowest.map((suite) => `  ${seconds(suite).toFixed(1).padStart(6)} s  ${suite.testFilePath.replace(process.cwd(), '.')}`);
    // A suite that does not even load has no tests to fail.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // At the very end, after jest's own summary.
    process.once('exit', () => process.stdout.write(`\nSlowest suites:\n${lines.join('\n')}\n${results.numPassedTests} passed, ${failed} failed\n`));
  }
};
