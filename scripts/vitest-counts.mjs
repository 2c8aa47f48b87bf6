// A vitest reporter for scripts/test.mjs: names every skipped test with its reason and leaves the counts in the
// file that $TINYRUN_TEST_COUNTS names. A file that fails to load counts as one failed test.
import { writeFileSync } from 'node:fs';

export default class Counts {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) this.#add(count, module, test);
    }
    const file = process.env.TINYRUN_TEST_COUNTS;
    if (file)
      writeFileSync(file, `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }

  #add(count, module, test) {
    const result = test.result();
    if (result.state === 'skipped' || result.state === 'pending') {
      count.skipped++;
      console.log(
        `skipped: ${module.relativeModuleId} > ${test.fullName}${result.note ? `: ${result.note}` : ''}`,
      );
    } else if (result.state === 'passed') count.passed++;
    else count.failed++;
  }
}
