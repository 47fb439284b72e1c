/** The words for what is behind. */
import { expect, test } from "vitest";

import type { NodeState, Site, Status } from "../src/api";
import { behindWords, fullWords } from "../src/ui/behind";

const NONE = { full: "", kept_for: "", kept_frames: 0 };

function status(reader: string, seconds: number, left_s: number | null = null): Status {
  return { lag: { readers: [{ reader, frames: 9, seconds, left_s }] }, log: NONE };
}

function site(id: string, backlog: number, left: number | null): Site {
  const node: NodeState = { id: "gw-1", online: true, last_recv_at: null, age_s: 1, backlog, backlog_left_s: left, dropped: 0, missing: 0, clock_ahead_s: null };
  return { id, nodes: [node] } as unknown as Site;
}

test("nothing behind needs no words", () => {
  expect(behindWords(status("engine", 1), [site("ams-03", 0, null)])).toEqual([]);
  expect(behindWords(null, [])).toEqual([]);
  expect(fullWords(status("engine", 1))).toBeNull();
});

test.each([
  [status("engine", 240, 20), "The twin is 4 m behind, through in 20 s at this rate"],
  [status("forward-influx", 600), "Forwarding to influx is 10 m behind"],
  [status("seal", 7300), "The history is 2 h behind"],
])("a reader that is late is named", (found, words) => {
  expect(behindWords(found, [])).toEqual([words]);
});

test("the history may be an hour behind, and a forwarder some seconds", () => {
  expect(behindWords(status("seal", 3700), [])).toEqual([]);
  expect(behindWords(status("forward-influx", 30), [])).toEqual([]);
});

test("a node that works off its outbox is named, several are counted, and the longest of them says how long", () => {
  expect(behindWords(null, [site("ams-03", 31870, 1594)])).toEqual([
    "ams-03 gw-1 sends 31\u202f870 messages of its past, through in 27 m at this rate",
  ]);
  expect(behindWords(null, [site("a", 600, 30), site("b", 700, null), site("c", 0, null)])).toEqual([
    "2 nodes send 1300 messages of their past, through in 30 s at this rate",
  ]);
});

test("a full log says for whom it is kept", () => {
  const full = { ...status("engine", 0), log: { full: "bytes", kept_for: "forward/influx/log", kept_frames: 12000 } };
  expect(fullWords(full)).toContain("kept for forward/influx/log, which has 12\u202f000 frames to read");
});
