import { expect, test } from "vitest";

import type { Message, Source, Timers } from "../src/live/connection";
import { Hub, type Tab } from "../src/live/hub";

class Wire implements Source {
  readyState = 1;
  onerror: ((event: Event) => void) | null = null;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  constructor(readonly path: string) {}
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.listeners.clear();
  }
  say(type: string, data: object): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }
}

class Inbox implements Tab {
  readonly got: Message[] = [];
  constructor(public site: string | null) {}
  send(message: Message): void {
    this.got.push(message);
  }
}

const still: Timers = { now: () => 0, after: () => 0, cancel: () => undefined };
const snapshot = { now_ms: 1, sites: { a: { id: "a" } }, values: { "a/x/p": [1, 10, 0] } };

function started(): { hub: Hub; wires: Wire[] } {
  const wires: Wire[] = [];
  const hub = new Hub((path) => {
    const wire = new Wire(path);
    wires.push(wire);
    return wire;
  }, still);
  return { hub, wires };
}

test("twelve tabs have one stream", () => {
  const { hub, wires } = started();
  for (let i = 0; i < 12; i++) hub.join(new Inbox("a"));
  expect(wires.length).toBe(1);
});

test("values are asked for when the first tab turns to a site, and from then on", () => {
  const { hub, wires } = started();
  const tab = new Inbox(null);
  hub.join(tab);
  hub.watch(tab, "a");
  hub.watch(tab, null);
  expect(wires.map((wire) => wire.path)).toEqual(["/api/v1/stream?kinds=sites,alerts", "/api/v1/stream?kinds=sites,values,alerts"]);
});

test("a second tab is told at once what is known", () => {
  const { hub, wires } = started();
  hub.join(new Inbox("a"));
  wires[0]?.say("snapshot", snapshot);
  const late = new Inbox("a");
  hub.join(late);
  expect(late.got).toMatchObject([{ type: "snapshot", silent_ms: 0, values: { "a/x/p": [1, 10, 0, null, null, null, null, null] } }]);
});

test("a tab that left is not sent to", () => {
  const { hub, wires } = started();
  const tab = new Inbox("a");
  hub.join(tab);
  hub.leave(tab);
  wires[0]?.say("snapshot", snapshot);
  expect(tab.got).toEqual([]);
});

test("as somebody else it forgets what it was told, and asks anew", () => {
  const { hub, wires } = started();
  const tab = new Inbox("a");
  hub.join(tab);
  wires[0]?.say("snapshot", snapshot);
  hub.again();
  expect(wires.length).toBe(2);
  const late = new Inbox("a");
  hub.join(late);
  expect(late.got).toEqual([]);
});
