import { expect, test } from "vitest";

import type { Edge } from "../src/api";
import { layout } from "../src/site/layout";

const edge = (source: string, relation: Edge["relation"], target: string): Edge => ({ source, target, relation });
const asset = (id: string) => ({ id, class: id.replace(/-[^-]*$/, "") });
const racks = (count: number) => Array.from({ length: count }, (_, i) => `rack-${i + 1}`);

function module(count: number) {
  const assets = ["meter-main", "ups-1", "pdu-a", ...racks(count), "crac-1", "weather-1"].map(asset);
  const edges = [
    edge("meter-main", "feeds", "ups-1"),
    edge("meter-main", "feeds", "crac-1"),
    edge("ups-1", "feeds", "pdu-a"),
    ...racks(count).flatMap((rack) => [edge("pdu-a", "feeds", rack), edge("crac-1", "cools", rack)]),
  ];
  return layout(assets, edges);
}

const at = (plan: ReturnType<typeof layout>, id: string) => {
  const box = plan.boxes.find((each) => each.id === id);
  if (!box) throw new Error(`${id} is not drawn`);
  return box;
};

test("power runs from left to right, cooling stands below what it cools", () => {
  const plan = module(3);
  const xs = ["meter-main", "ups-1", "pdu-a", "rack-1"].map((id) => at(plan, id).x);
  expect(xs).toEqual([...xs].sort((a, b) => a - b));
  expect(at(plan, "crac-1").y).toBeGreaterThan(at(plan, "rack-3").y);
  expect(at(plan, "weather-1").x).toBeGreaterThan(at(plan, "rack-1").x);
});

test("racks with the same feeder are one frame with one wire", () => {
  const plan = module(10);
  expect(plan.frames.map((frame) => frame.label)).toEqual(["10 racks"]);
  expect(plan.wires.length).toBe(5);
});

test("every asset is drawn once, inside the plan, and no two on the same place", () => {
  const plan = module(12);
  expect(plan.boxes.length).toBe(12 + 5);
  expect(new Set(plan.boxes.map((box) => `${box.x} ${box.y}`)).size).toBe(plan.boxes.length);
  for (const box of plan.boxes) expect(box.x >= 0 && box.y >= 0 && box.x < plan.width && box.y < plan.height).toBe(true);
});

test("what is too many to draw is counted", () => {
  expect(module(277).frames[0]).toMatchObject({ label: "277 racks", hidden: 252 });
});

test("a pump of the cooling stands with the cooling, and a cycle does not hang the page", () => {
  const assets = ["meter-main", "pump-1", "crah-1", "rack-1"].map(asset);
  const plan = layout(assets, [
    edge("meter-main", "feeds", "pump-1"),
    edge("meter-main", "feeds", "rack-1"),
    edge("pump-1", "feeds", "crah-1"),
    edge("crah-1", "cools", "rack-1"),
    edge("rack-1", "feeds", "meter-main"),
  ]);
  expect(at(plan, "pump-1").y).toBeGreaterThan(at(plan, "meter-main").y);
  expect(at(plan, "pump-1").x).toBeLessThan(at(plan, "crah-1").x);
});

test("assets without wires are all shown", () => {
  const plan = layout(["it-load-1", "grid-1"].map(asset), []);
  expect([plan.boxes.length, plan.wires.length]).toEqual([2, 0]);
});
