import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A program that runs beside this one: started until it answers, stopped as it should be, or killed as a crash does. */
export class Service {
  #process;

  /** `isUp` says whether it answers. Its output goes to the file `log`. */
  constructor({ name, command, args, isUp, log, cwd, env, user }) {
    Object.assign(this, { name, command, args, isUp, log, cwd, env, user });
  }

  async start() {
    if (await this.isUp()) {
      throw new Error(
        `${this.name} can't start: another one answers in its place, perhaps of an earlier run; stop that first`,
      );
    }
    const output = openSync(this.log, "a");
    this.#process = spawn(this.command, this.args, {
      cwd: this.cwd,
      env: { ...process.env, ...this.env },
      stdio: ["ignore", output, output],
      // A group of its own: a crash takes its children with it, and Ctrl-C is ours to pass on.
      detached: true,
      ...this.user,
    });
    this.#process.on("error", () => undefined);
    const giveUpAt = Date.now() + 30_000;
    while (!(await this.isUp())) {
      if (!this.isRunning) throw new Error(`${this.name} ended; ${this.log} says why`);
      if (Date.now() > giveUpAt) throw new Error(`${this.name} did not start; ${this.log} may say why`);
      await sleep(20);
    }
  }

  get isRunning() {
    return this.#process?.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async stop(signal = "SIGTERM") {
    if (!this.isRunning) return;
    const exited = once(this.#process, "exit");
    this.#process.kill(signal);
    await exited;
  }

  signal(name) {
    this.#process.kill(name);
  }

  async kill() {
    const exited = once(this.#process, "exit");
    process.kill(-this.#process.pid, "SIGKILL");
    await exited;
  }
}
