import { VirtualTime } from "../../scripts/virtual-time.cjs";
import { START } from "./settings.js";

let time = new VirtualTime(START * 1_000);

/** Time stands still, and passes as a schedule says. Begins anew with each schedule. */
export function beginTime(): VirtualTime {
  time = new VirtualTime(START * 1_000);
  time.install();
  return time;
}

/** Since the schedule began. No jump of the clock moves them. */
export function seconds(): number {
  return time.now / 1_000;
}

export function sleep(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1_000));
}
