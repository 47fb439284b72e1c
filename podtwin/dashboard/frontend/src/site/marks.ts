/** Where alerts began and ended, behind the lines of a chart: a shape at the top, a rule, a shade between. */

import type uPlot from "uplot";

import type { Mark } from "../alerts/order";
import type { Span } from "./history";

const COLOURS = {
  light: { critical: "#a3161a", warning: "#8a5a00", over: "#525d67" },
  dark: { critical: "#ff9a94", warning: "#ffc861", over: "#a0abb4" },
} as const;
const SIZE = 5;

/** The marks that lie in a span, cut to it. */
export function marksIn(marks: readonly Mark[], { fromMs, toMs }: Span): Mark[] {
  return marks.filter((mark) => mark.fromMs <= toMs && (mark.toMs ?? toMs) >= fromMs);
}

/** The time in which the chart's own points were under an alert; where several hold, once, as the worst. */
export function shadesOf(marks: readonly Mark[], { toMs: endMs }: Span): { severity: Mark["severity"]; fromMs: number; toMs: number }[] {
  const own = marks.filter((mark) => mark.own).map((mark) => ({ ...mark, toMs: mark.toMs ?? endMs }));
  const edges = [...new Set(own.flatMap((mark) => [mark.fromMs, mark.toMs]))].sort((a, b) => a - b);
  return edges.slice(1).flatMap((toMs, i) => {
    const fromMs = edges[i] ?? toMs;
    const held = own.filter((mark) => mark.fromMs <= fromMs && mark.toMs >= toMs);
    if (!held.length) return [];
    return [{ severity: held.some((mark) => mark.severity === "critical") ? "critical" : "warning", fromMs, toMs } as const];
  });
}

export function drawMarks(u: uPlot, latest: { marks: readonly Mark[]; span: Span }, tone: "light" | "dark", shapes: boolean): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const place = (ms: number): number => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(ms / 1000, "x", true)));
  ctx.save();
  const seen = marksIn(latest.marks, latest.span);
  for (const { severity, fromMs, toMs } of shadesOf(seen, latest.span)) {
    ctx.fillStyle = `${COLOURS[tone][severity]}1f`;
    ctx.fillRect(place(fromMs), bbox.top, place(toMs) - place(fromMs), bbox.height);
  }
  for (const mark of seen) {
    const colour = COLOURS[tone][mark.severity];
    const [begin, end] = [place(mark.fromMs), place(mark.toMs ?? latest.span.toMs)];
    if (mark.fromMs >= latest.span.fromMs) {
      rule(ctx, begin, bbox, mark.own ? colour : `${colour}80`, ratio);
      if (shapes) shape(ctx, begin, bbox.top, colour, mark.severity === "critical" ? "triangle" : "square", ratio);
    }
    if (mark.toMs !== null && mark.toMs <= latest.span.toMs) {
      rule(ctx, end, bbox, `${COLOURS[tone].over}80`, ratio);
      if (shapes) shape(ctx, end, bbox.top, COLOURS[tone].over, "tick", ratio);
    }
  }
  ctx.restore();
}

function rule(ctx: CanvasRenderingContext2D, x: number, { top, height }: uPlot.BBox, colour: string, ratio: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 2 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The shapes of the page: a triangle is critical, a square a warning, a tick is the end. */
function shape(ctx: CanvasRenderingContext2D, x: number, top: number, colour: string, kind: "triangle" | "square" | "tick", ratio: number): void {
  const r = SIZE * ratio;
  const y = top + r;
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.lineWidth = 1.8 * ratio;
  ctx.beginPath();
  if (kind === "triangle") ctx.moveTo(x, y - r), ctx.lineTo(x + r, y + r), ctx.lineTo(x - r, y + r);
  else if (kind === "square") ctx.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6);
  else ctx.moveTo(x - r * 0.8, y), ctx.lineTo(x - r * 0.2, y + r * 0.7), ctx.lineTo(x + r * 0.9, y - r * 0.8);
  if (kind === "tick") ctx.stroke();
  else ctx.fill();
}
