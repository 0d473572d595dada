/** A reporter for Vitest: after the run it prints each test that skipped itself (`context.skip(reason)`), with the reason. */
export default class SkipReporter {
  #lines = [];

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    const { state, note } = test.result();
    // Without a note: left out by the command line (-t).
    if (state === 'skipped' && note)
      this.#lines.push(`skipped ${test.module.relativeModuleId} > ${test.fullName}: ${note}`);
  }

  onTestRunEnd() {
    for (const line of this.#lines) console.log(line);
  }
}
