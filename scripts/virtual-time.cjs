"use strict";
// CommonJS, as Jest and Node's ES modules both load it.
const { syncBuiltinESMExports } = require("node:module");
const promises = require("node:timers/promises");
const { performance } = globalThis;

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = globalThis;
const real = {
  dateNow: Date.now,
  performanceNow: performance.now,
  sleep: promises.setTimeout,
  immediate: promises.setImmediate,
};

/** What `setTimeout` gives. */
class Timer {
  constructor(at, order, callback) {
    this.at = at;
    this.order = order;
    this.callback = callback;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

const isBefore = (one, other) => one.at < other.at || (one.at === other.at && one.order < other.order);

/** A binary heap, the next timer first: there may be a hundred thousand. */
class Queue {
  #heap = [];

  get next() {
    return this.#heap[0];
  }

  add(timer) {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(timer, heap[above])) break;
      heap[index] = heap[above];
      index = above;
    }
    heap[index] = timer;
  }

  take() {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below += 1;
      if (below >= heap.length || !isBefore(heap[below], last)) break;
      heap[index] = heap[below];
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

/**
 * Time that passes only when it is told to: `Date.now`, `performance.now`, `setTimeout` and `node:timers/promises` of this
 * process go by it. What is due at one moment runs in order, and all that follows from it before the next moment.
 */
class VirtualTime {
  #queue = new Queue();
  #order = 0;
  /** Milliseconds: since the start, and what the wall clock is ahead of that. */
  #steady = 0;
  #ahead;

  /** @param {number} wall - what the clock says, in milliseconds since 1970 */
  constructor(wall) {
    this.#ahead = wall;
  }

  /** Milliseconds since the start: no jump of the clock moves them. */
  get now() {
    return this.#steady;
  }

  install() {
    Date.now = () => this.#steady + this.#ahead;
    performance.now = () => this.#steady;
    globalThis.setTimeout = (callback, ms = 0) => this.#later(ms, callback);
    globalThis.clearTimeout = (timer) => {
      if (timer instanceof Timer) timer.callback = undefined;
      else realClearTimeout(timer);
    };
    promises.setTimeout = (ms = 0, value) => new Promise((resolve) => this.#later(ms, () => resolve(value)));
    promises.setImmediate = (value) => promises.setTimeout(0, value);
    syncBuiltinESMExports();
  }

  restore() {
    Date.now = real.dateNow;
    performance.now = real.performanceNow;
    globalThis.setTimeout = realSetTimeout;
    globalThis.clearTimeout = realClearTimeout;
    promises.setTimeout = real.sleep;
    promises.setImmediate = real.immediate;
    syncBuiltinESMExports();
  }

  /** Sets the wall clock on, or back. */
  jump(ms) {
    this.#ahead += ms;
  }

  /** Lets some time pass, with all that happens in it. */
  async pass(ms) {
    const end = this.#steady + ms;
    await settled();
    for (let { next } = this.#queue; next !== undefined && next.at <= end; { next } = this.#queue) {
      this.#steady = next.at;
      for (; next !== undefined && next.at === this.#steady; { next } = this.#queue) this.#queue.take().callback?.();
      await settled();
    }
    this.#steady = end;
  }

  #later(ms, callback) {
    const timer = new Timer(this.#steady + Math.max(0, ms), (this.#order += 1), callback);
    this.#queue.add(timer);
    return timer;
  }
}

/** After all promises that could settle without a timer. */
function settled() {
  return new Promise((resolve) => realSetImmediate(resolve));
}

module.exports = { VirtualTime };
