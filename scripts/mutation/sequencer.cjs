const Sequencer = require("@jest/test-sequencer").default;

/** Runs test files in the order in which `testMatch` names them, so that a mutant meets the cheap ones first. */
module.exports = class ByConfig extends Sequencer {
  sort(tests) {
    const place = ({ path, context }) =>
      context.config.testMatch.findIndex((pattern) =>
        path.includes(pattern.replace(/^.*__tests__\/|\.test\.ts$|\*\*.*$/g, "")),
      );
    return [...tests].sort((a, b) => place(a) - place(b));
  }
};
