import { jest } from "@jest/globals";

export interface Clock {
  /** Moves the clock on, or back. */
  readonly move: (seconds: number) => void;
  /** Stops the clock at a time in seconds since 1970. */
  readonly stopAt: (seconds: number) => void;
  readonly restore: () => void;
}

/** A wall clock that tests move; timers go on as they are. */
export function movableClock(): Clock {
  const real = Date.now.bind(Date);
  let now: () => number = real;
  let offset = 0;
  const spy = jest.spyOn(Date, "now").mockImplementation(() => now() + offset * 1_000);
  return {
    move: (seconds) => {
      offset += seconds;
    },
    stopAt: (seconds) => {
      offset = 0;
      now = () => seconds * 1_000;
    },
    restore: () => {
      spy.mockRestore();
    },
  };
}
