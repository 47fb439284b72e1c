/** The one-line state, drawn from the topology: grey unless something is outside its limits. */

import { useMemo } from "preact/hooks";

import type { Point } from "../api";
import { age, show } from "../format";
import { live } from "../live/client";
import type { SiteData } from "./data";
import { BOX, layout, type Box, type Frame } from "./layout";
import { leadingPoints } from "./lead";
import { judgeInlet, type AirLimits } from "./limits";
import { TWIN_ASSET } from "./tracks";

const MARGIN = 8;
/** Boxes keep about the size of the text around them; a bigger screen gets more room, not bigger boxes. */
const LARGEST_SCALE = 1.35;
const MARKS = { normal: "", warning: "■", critical: "▲" } as const;

export function OneLine({ data, limits }: { data: SiteData; limits: AirLimits | null }) {
  void live.frame.value;
  const topology = data.topology.value;
  const points = data.points.value;
  const plan = useMemo(() => (topology ? layout(withDiscovered(topology.assets, points), topology.edges) : null), [topology, points]);
  const names = useMemo(() => pointsByAsset(data.points.value.filter((p) => p.kind !== "counter")), [data.points.value]);
  if (!plan?.boxes.length) return null;
  const [width, height] = [plan.width + 2 * MARGIN, plan.height + 2 * MARGIN];
  return (
    <section class="one-line" data-testid="one-line" aria-label="One-line diagram">
      <div class="scroller" tabIndex={0} role="group" aria-label="Diagram, scrolls sideways">
        <svg
          viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}
          style={{ minWidth: `${Math.min(width, 900) * 0.85}px`, maxWidth: `${width * LARGEST_SCALE}px` }}
          role="img"
          aria-label="Power chain from left to right, cooling below"
        >
          <defs>
            <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <path d="M0 0V6" class="hatch-line" />
            </pattern>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
              <path d="M0 0L8 4L0 8z" class="arrow-head" />
            </marker>
          </defs>
          {plan.frames.map((frame) => (
            <Group key={`${frame.x} ${frame.y}`} frame={frame} />
          ))}
          {plan.wires.map((wire) => (
            <path key={wire.relation + wire.path} class={`wire ${wire.relation}`} d={wire.path} marker-end="url(#arrow)" />
          ))}
          {plan.boxes.map((box) => (
            <Asset key={box.id} box={box} data={data} limits={limits} points={names.get(box.id) ?? []} />
          ))}
        </svg>
      </div>
      {plan.wires.length > 0 && <p class="key">
        <svg width="34" height="10" aria-hidden="true">
          <path class="wire feeds" d="M0 5H34" />
        </svg>
        feeds
        <svg width="34" height="10" aria-hidden="true">
          <path class="wire cools" d="M0 5H34" />
        </svg>
        cools
      </p>}
    </section>
  );
}

function Group({ frame }: { frame: Frame }) {
  return (
    <g>
      <rect class="frame" x={frame.x} y={frame.y} width={frame.width} height={frame.height} rx="4" />
      <text class="caption" x={frame.x + BOX.pad} y={frame.y + 17}>
        {frame.label}
        {frame.hidden > 0 && `, ${frame.hidden} not drawn`}
      </text>
    </g>
  );
}

interface AssetProps {
  box: Box;
  data: SiteData;
  limits: AirLimits | null;
  points: string[];
}

function Asset({ box, data, limits, points }: AssetProps) {
  const [lead, second] = leadingPoints(box.class, points).map((name) => `${box.id}/${name}`);
  const first = lead ? data.current(lead) : null;
  const inlet = points.includes("inlet_temp") ? data.current(`${box.id}/inlet_temp`).v : null;
  const air = judgeInlet(inlet, limits);
  const stale = first?.quality === "stale";
  const mode = modeOf(box, data, points);
  return (
    <g class={`asset air-${air}${stale ? " is-stale" : ""}`} transform={`translate(${box.x} ${box.y})`}>
      <rect class="box" width={BOX.width} height={BOX.height} rx="4" />
      {stale && <rect class="hatched" width={BOX.width} height={BOX.height} rx="4" fill="url(#hatch)" />}
      <text class="name" x="9" y="18">
        {MARKS[air]} {clipped(box.id, mode ? 12 : 20)}
      </text>
      {mode && (
        <text class="mode" x={BOX.width - 9} y="18" text-anchor="end">
          {mode}
        </text>
      )}
      <text class="lead" x="9" y="40">
        {lead ? written(data, lead) : "—"}
      </text>
      {(stale || second) && (
        <text class="second" x={BOX.width - 9} y="40" text-anchor="end">
          {stale ? age(first?.ageS ?? null) : second ? written(data, second) : ""}
        </text>
      )}
      <title>
        {box.id} ({box.class}){air === "normal" ? "" : `: inlet air outside the ${air === "critical" ? "allowable" : "recommended"} range`}
      </title>
    </g>
  );
}

function modeOf(box: Box, data: SiteData, points: string[]): string | null {
  if (!points.includes("mode")) return null;
  return stateWord(data, `${box.id}/mode`);
}

export function stateWord(data: SiteData, key: string): string | null {
  const { v } = data.current(key);
  return v === null ? null : (data.point(key)?.states?.[String(v)] ?? null);
}

function written(data: SiteData, key: string): string {
  const word = data.point(key)?.kind === "state" ? stateWord(data, key) : null;
  if (word) return word;
  const now = data.current(key);
  const { text, unit } = show(now.v, now.unit);
  return unit ? `${text} ${unit}` : text;
}

/** A node may bear points of assets that no site file names; they stand beside the wired ones. */
function withDiscovered(assets: readonly { id: string; class: string }[], points: readonly Point[]): { id: string; class: string }[] {
  const known = new Map(assets.map((asset) => [asset.id, asset]));
  for (const point of points) {
    if (point.asset !== TWIN_ASSET && !known.has(point.asset)) known.set(point.asset, { id: point.asset, class: point.class });
  }
  return [...known.values()];
}

function pointsByAsset(points: readonly { asset: string; point: string }[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { asset, point } of points) names.set(asset, [...(names.get(asset) ?? []), point]);
  return names;
}

function clipped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
