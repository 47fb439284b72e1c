/**
 * Where the boxes and wires of the one-line lie: power left to right, cooling below, the rest at the side.
 *
 * Assets of one class with the same feeders are one framed group, and wires end at the frame: forty
 * wires into twenty racks say no more than one. Columns are longest paths over `feeds`; below, a cooler
 * stands under what it cools and what cools the cooler stands to its left.
 */

import type { Edge } from "../api";

export const BOX = { width: 160, height: 50, gapX: 46, gapY: 12, pad: 10, caption: 18 } as const;
const GROUP_FROM = 3;
const GROUP_ROWS = 5;
const MAX_MEMBERS = 25;

export interface Box {
  id: string;
  class: string;
  x: number;
  y: number;
}

export interface Frame {
  label: string;
  x: number;
  y: number;
  width: number;
  height: number;
  hidden: number;
}

export interface Wire {
  relation: "feeds" | "cools";
  path: string;
}

export interface Plan {
  width: number;
  height: number;
  boxes: Box[];
  frames: Frame[];
  wires: Wire[];
}

interface Unit {
  key: string;
  members: { id: string; class: string }[];
  hidden: number;
  columns: number;
  width: number;
  height: number;
  x: number;
  y: number;
}

export function layout(assets: readonly { id: string; class: string }[], edges: readonly Edge[]): Plan {
  const cooling = coolingIds(assets, edges);
  const wired = new Set(edges.filter((e) => e.relation === "feeds" || e.relation === "cools").flatMap((e) => [e.source, e.target]));
  const power = units(assets.filter((a) => wired.has(a.id) && !cooling.has(a.id)), edges);
  const coolers = units(assets.filter((a) => cooling.has(a.id)), edges);
  const others = assets.filter((a) => !wired.has(a.id) && !cooling.has(a.id)).map((a) => unit([a]));

  const feeds = between(power, power, edges, "feeds");
  const powerEnd = placeColumns(power, depths(power, feeds), 0, 0);
  const cools = [...between(coolers, coolers, edges, "cools"), ...between(coolers, coolers, edges, "feeds"), ...partOf(coolers, edges)];
  const steps = depths(coolers, cools);
  const coolerTop = power.length ? powerEnd.height + 44 : 0;
  const deepest = Math.max(0, ...steps.values());
  const indent = Math.max(0, powerEnd.width - columnsWidth(coolers, steps));
  const coolerEnd = placeColumns(coolers, steps, deepest === 0 ? lastColumnX(power) ?? indent : indent, coolerTop);
  const sideX = Math.max(powerEnd.width, coolerEnd.width) + (wired.size ? BOX.gapX : 0);
  const end = placeSide(others, sideX, Math.max(powerEnd.height, coolerEnd.height), wired.size > 0);

  return {
    width: Math.max(end.width, powerEnd.width, coolerEnd.width),
    height: Math.max(powerEnd.height, coolerEnd.height, end.height),
    boxes: [...power, ...coolers, ...others].flatMap(boxesOf),
    frames: [...power, ...coolers].filter((u) => u.members.length > 1).map(frameOf),
    wires: [
      ...feeds.map(([a, b]) => wire("feeds", across(a, b))),
      ...between(coolers, coolers, edges, "cools").map(([a, b]) => wire("cools", across(a, b))),
      ...between(coolers, coolers, edges, "feeds").map(([a, b]) => wire("feeds", across(a, b))),
      ...between(power, coolers, edges, "feeds").map(([a, b]) => wire("feeds", down(a, b, powerEnd.height + 16))),
      ...between(coolers, power, edges, "cools").map(([a, b]) => wire("cools", up(a, b, powerEnd.height + 28))),
    ],
  };
}

/** Whatever cools, whatever feeds nothing but coolers, and what is part of them. */
function coolingIds(assets: readonly { id: string; class: string }[], edges: readonly Edge[]): Set<string> {
  const ids = new Set(edges.filter((e) => e.relation === "cools").map((e) => e.source));
  for (let grew = true; grew; ) {
    grew = false;
    for (const { id } of assets) {
      if (ids.has(id)) continue;
      const fed = edges.filter((e) => e.source === id && (e.relation === "feeds" || e.relation === "part_of"));
      if (!fed.length || !fed.every((e) => ids.has(e.target))) continue;
      // A meter of the cooling alone is part of the power chain all the same: it is fed by nobody or by power.
      if (!fed.some((e) => e.relation === "part_of") && !edges.some((e) => e.target === id && e.relation === "feeds")) continue;
      ids.add(id);
      grew = true;
    }
  }
  return ids;
}

function units(assets: readonly { id: string; class: string }[], edges: readonly Edge[]): Unit[] {
  const groups = new Map<string, { id: string; class: string }[]>();
  for (const asset of assets) {
    const key = groupKey(asset, edges);
    groups.set(key, [...(groups.get(key) ?? []), asset]);
  }
  return [...groups.values()].flatMap((group) => (group.length >= GROUP_FROM ? [unit(group)] : group.map((one) => unit([one]))));
}

function groupKey(asset: { id: string; class: string }, edges: readonly Edge[]): string {
  const ends = edges.flatMap((e) => (e.relation === "measures" ? [] : e.target === asset.id ? [`<${e.source}`] : e.source === asset.id ? [`>${e.target}`] : []));
  return [asset.class, ...ends.sort()].join(" ");
}

function unit(group: { id: string; class: string }[]): Unit {
  const members = group.length > MAX_MEMBERS ? group.slice(0, MAX_MEMBERS) : group;
  const columns = Math.max(1, Math.ceil(members.length / GROUP_ROWS));
  const rows = Math.ceil(members.length / columns);
  const framed = members.length > 1 ? BOX.pad : 0;
  return {
    key: group[0]?.id ?? "",
    members,
    hidden: group.length - members.length,
    columns,
    width: columns * BOX.width + (columns - 1) * BOX.gapY + 2 * framed,
    height: rows * BOX.height + (rows - 1) * BOX.gapY + 2 * framed + (framed ? BOX.caption : 0),
    x: 0,
    y: 0,
  };
}

function between(from: readonly Unit[], to: readonly Unit[], edges: readonly Edge[], relation: string): [Unit, Unit][] {
  const home = (us: readonly Unit[], id: string): Unit | undefined => us.find((u) => u.members.some((m) => m.id === id));
  const pairs = new Map<string, [Unit, Unit]>();
  for (const edge of edges) {
    if (edge.relation !== relation) continue;
    const [a, b] = [home(from, edge.source), home(to, edge.target)];
    if (a && b && a !== b) pairs.set(`${a.key} ${b.key}`, [a, b]);
  }
  return [...pairs.values()];
}

function partOf(us: readonly Unit[], edges: readonly Edge[]): [Unit, Unit][] {
  return between(us, us, edges, "part_of");
}

/** Longest path from a root. A cycle, which a site file may not hold, would end by the bound on rounds. */
function depths(us: readonly Unit[], pairs: readonly [Unit, Unit][]): Map<Unit, number> {
  const depth = new Map(us.map((u) => [u, 0]));
  for (let round = 0; round < us.length; round++) {
    for (const [a, b] of pairs) depth.set(b, Math.min(us.length, Math.max(depth.get(b) ?? 0, (depth.get(a) ?? 0) + 1)));
  }
  return depth;
}

function columnsOf(us: readonly Unit[], depth: Map<Unit, number>): Unit[][] {
  const used = [...new Set(us.map((u) => depth.get(u) ?? 0))].sort((a, b) => a - b);
  return used.map((d) => us.filter((u) => (depth.get(u) ?? 0) === d));
}

function columnsWidth(us: readonly Unit[], depth: Map<Unit, number>): number {
  const widths = columnsOf(us, depth).map((column) => Math.max(...column.map((u) => u.width)));
  return widths.reduce((sum, width) => sum + width, 0) + Math.max(0, widths.length - 1) * BOX.gapX;
}

function placeColumns(us: Unit[], depth: Map<Unit, number>, left: number, top: number): { width: number; height: number } {
  const columns = columnsOf(us, depth);
  const heights = columns.map((column) => column.reduce((sum, u) => sum + u.height + BOX.gapY, -BOX.gapY));
  const tallest = Math.max(0, ...heights);
  let x = left;
  columns.forEach((column, i) => {
    let y = top + (tallest - (heights[i] ?? 0)) / 2;
    for (const u of column) {
      [u.x, u.y] = [x, y];
      y += u.height + BOX.gapY;
    }
    x += Math.max(...column.map((u) => u.width)) + BOX.gapX;
  });
  return { width: columns.length ? x - BOX.gapX : 0, height: top + tallest };
}

/** In a column beside the wired assets; in rows of four where there is nothing wired. */
function placeSide(us: Unit[], left: number, height: number, beside: boolean): { width: number; height: number } {
  const rows = beside ? Math.max(1, Math.floor((height + BOX.gapY) / (BOX.height + BOX.gapY))) : Math.max(1, Math.ceil(us.length / 4));
  us.forEach((u, i) => {
    u.x = left + Math.floor(i / rows) * (BOX.width + BOX.gapY);
    u.y = (i % rows) * (BOX.height + BOX.gapY);
  });
  return { width: Math.max(0, ...us.map((u) => u.x + u.width)), height: Math.max(0, ...us.map((u) => u.y + u.height)) };
}

function lastColumnX(us: readonly Unit[]): number | undefined {
  return us.length ? Math.max(...us.map((u) => u.x)) : undefined;
}

function boxesOf(u: Unit): Box[] {
  const framed = u.members.length > 1;
  return u.members.map((member, i) => ({
    ...member,
    x: u.x + (framed ? BOX.pad : 0) + (i % u.columns) * (BOX.width + BOX.gapY),
    y: u.y + (framed ? BOX.pad + BOX.caption : 0) + Math.floor(i / u.columns) * (BOX.height + BOX.gapY),
  }));
}

function frameOf(u: Unit): Frame {
  const count = u.members.length + u.hidden;
  return { label: `${count} ${u.members[0]?.class ?? ""}s`, x: u.x, y: u.y, width: u.width, height: u.height, hidden: u.hidden };
}

function wire(relation: Wire["relation"], path: string): Wire {
  return { relation, path };
}

function across(a: Unit, b: Unit): string {
  const [fromY, toY] = [a.y + a.height / 2, b.y + b.height / 2];
  const turn = b.x - BOX.gapX / 2;
  return `M${a.x + a.width} ${fromY}H${turn}V${toY}H${b.x}`;
}

function down(a: Unit, b: Unit, busY: number): string {
  return `M${a.x + a.width / 2} ${a.y + a.height}V${busY}H${b.x + 24}V${b.y}`;
}

function up(a: Unit, b: Unit, busY: number): string {
  const [from, to] = [a.x + a.width / 2, b.x + b.width / 2];
  const landing = Math.abs(from - to) < b.width / 2 ? from : to;
  return landing === from ? `M${from} ${a.y}V${b.y + b.height}` : `M${from} ${a.y}V${busY}H${landing}V${b.y + b.height}`;
}
