import { EventEmitter } from "node:events";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { stopOnSignals } from "../../example-server/src/stop-signals.js";

class FakeProcess extends EventEmitter {
  ppid = 1000;
  readonly exit = jest.fn<(code: number) => void>();
}

let source: FakeProcess;
let finish: { resolve: () => void; reject: (error: Error) => void };
const stop = jest.fn(
  () =>
    new Promise<void>((resolve, reject) => {
      finish = { resolve, reject };
    }),
);

beforeEach(() => {
  jest.useFakeTimers();
  stop.mockClear();
  source = new FakeProcess();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("stopOnSignals", () => {
  test.each(["SIGINT", "SIGTERM"])("%s stops the server and leaves with 0", async (signal) => {
    stopOnSignals(stop, source, false);
    source.emit(signal);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(source.exit).not.toHaveBeenCalled();
    finish.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(source.exit.mock.calls).toEqual([[0]]);
  });

  test("a stop that fails leaves with 1", async () => {
    const log = jest.spyOn(console, "error").mockImplementation(() => undefined);
    stopOnSignals(stop, source, false);
    source.emit("SIGTERM");
    finish.reject(new Error("no"));
    await jest.advanceTimersByTimeAsync(0);
    expect(source.exit.mock.calls).toEqual([[1]]);
    expect(log).toHaveBeenCalledTimes(1);
    log.mockRestore();
  });

  test("the same signal several times at once is one; a second one later forces", () => {
    stopOnSignals(stop, source, false);
    source.emit("SIGINT");
    source.emit("SIGINT");
    jest.advanceTimersByTime(900);
    source.emit("SIGINT");
    expect(source.exit).not.toHaveBeenCalled();
    jest.advanceTimersByTime(100);
    source.emit("SIGINT");
    expect(stop).toHaveBeenCalledTimes(1);
    expect(source.exit.mock.calls).toEqual([[1]]);
  });

  test("under npm, the death of the shell in between is a signal as well", () => {
    stopOnSignals(stop, source, true);
    jest.advanceTimersByTime(2000);
    expect(stop).not.toHaveBeenCalled();
    source.ppid = 1;
    jest.advanceTimersByTime(5000);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(source.exit).not.toHaveBeenCalled();
  });
});
