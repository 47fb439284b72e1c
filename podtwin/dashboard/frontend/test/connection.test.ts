import { beforeEach, expect, test } from "vitest";

import { Connection, SILENCE_MS, waitMs, type Message, type Source, type Timers } from "../src/live/connection";

class FakeSource implements Source {
  readyState = 1;
  closed = false;
  onerror: ((event: Event) => void) | null = null;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data: object): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.({} as Event);
  }
}

class FakeTimers implements Timers {
  private at = 0;
  private readonly calls = new Map<number, { due: number; call: () => void }>();
  private last = 0;

  now = (): number => this.at;

  after(ms: number, call: () => void): number {
    this.calls.set(++this.last, { due: this.at + ms, call });
    return this.last;
  }

  cancel(handle: unknown): void {
    this.calls.delete(handle as number);
  }

  pass(ms: number): void {
    this.at += ms;
    for (const [handle, { due, call }] of [...this.calls]) {
      if (due > this.at || !this.calls.delete(handle)) continue;
      call();
    }
  }
}

let sources: FakeSource[];
let heard: Message[];
let timers: FakeTimers;
let connection: Connection;

beforeEach(() => {
  sources = [];
  heard = [];
  timers = new FakeTimers();
  const make = (): FakeSource => {
    const source = new FakeSource();
    sources.push(source);
    return source;
  };
  connection = new Connection(make, (message) => heard.push(message), timers, () => 0);
  connection.open();
});

test("messages come with their kind", () => {
  sources[0]?.say("ping", { now_ms: 5 });
  expect(heard).toEqual([{ type: "ping", now_ms: 5 }]);
});

test("a cut that the browser mends itself is left to it, so that it resumes", () => {
  sources[0]?.fail(0);
  timers.pass(3_000);
  expect(sources.length).toBe(1);
  expect(heard).toEqual([{ type: "down" }]);
});

test("what the browser has given up is opened anew after a wait", () => {
  sources[0]?.fail(2);
  timers.pass(500);
  expect(sources.length).toBe(1);
  timers.pass(600);
  expect(sources.length).toBe(2);
});

test("silence is taken for a dead connection, a ping is not silence", () => {
  timers.pass(SILENCE_MS - 1);
  sources[0]?.say("ping", { now_ms: 5 });
  timers.pass(SILENCE_MS - 1);
  expect(sources[0]?.closed).toBe(false);
  timers.pass(2);
  expect(sources[0]?.closed).toBe(true);
  timers.pass(1_000);
  expect(sources.length).toBe(2);
});

test("a source that was replaced is no longer heard", () => {
  connection.open();
  sources[0]?.say("ping", { now_ms: 5 });
  expect(heard).toEqual([]);
});

test("waits grow to 15 s and are spread", () => {
  expect([0, 1, 2, 3, 4, 9].map((attempt) => waitMs(attempt, 0))).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
  expect(waitMs(4, 1)).toBeCloseTo(10_000);
});
