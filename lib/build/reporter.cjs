// Mocha's spec output for people, and the outcome as JSON in GOODPART_OUTCOME for lib/build/test.mjs.
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const outcome = { passed: 0, failed: [], skipped: [], times: [] };
    // With their hooks: starting a Node-RED or learning a model often takes longer than the tests that use it.
    const began = new Map();
    runner.on('suite', (suite) => {
      began.set(suite, performance.now());
    });
    runner.on('suite end', (suite) => {
      if (suite.parent?.root) outcome.times.push([suite.title, (performance.now() - began.get(suite)) / 1000]);
    });
    runner.on('pass', () => {
      outcome.passed += 1;
    });
    runner.on('fail', (test, error) => {
      outcome.failed.push({ title: test.fullTitle(), error: String(error?.stack ?? error?.message ?? error) });
    });
    runner.on('pending', (test) => {
      outcome.skipped.push(test.fullTitle());
    });
    runner.once('end', () => {
      if (process.env.GOODPART_OUTCOME) writeFileSync(process.env.GOODPART_OUTCOME, JSON.stringify(outcome));
    });
  }
};
