/** What the charts drew and what the stream does, for tests: a canvas cannot be asked. */

import type { Mark } from "../alerts/order";
import { live } from "../live/client";
import type { Drawing } from "./tracks";

interface Drawn {
  drawing: Drawing;
  marks: readonly Mark[];
  lastDrawnMs: number;
}

const drawn = new Map<string, Drawn>();

export function register(name: string, drawing: Drawing, marks: readonly Mark[]): void {
  drawn.set(name, { drawing, marks, lastDrawnMs: Date.now() });
}

export function forget(): void {
  drawn.clear();
}

interface Told {
  label: string;
  t: number[];
  v: (number | null)[];
}

function told({ t, columns, lines, residuals }: Drawing): Told[] {
  const pick = (label: string, column: Drawing["columns"][number] | undefined): Told => {
    const at = t.map((_, i) => i).filter((i) => column?.[i] !== undefined);
    return { label, t: at.map((i) => Math.round((t[i] ?? 0) * 1000)), v: at.map((i) => column?.[i] ?? null) };
  };
  return [
    ...lines.map((line) => pick(line.key, columns[line.measured])),
    ...lines.filter((line) => line.twin >= 0).map((line) => pick(`${line.key} twin`, columns[line.twin])),
    ...residuals.map((each) => pick(`${each.label} residual`, each.column)),
  ];
}

const hook = {
  charts: () => [...drawn].map(([name, { drawing, marks, lastDrawnMs }]) => ({ name, series: told(drawing), marks, lastDrawnMs })),
  stream: () => ({ state: live.stream.peek(), lastMessageMs: Date.now() - live.silentMs() }),
};

declare global {
  interface Window {
    podtwinTest: typeof hook;
  }
}

export function exposeTestHook(): void {
  window.podtwinTest = hook;
}
