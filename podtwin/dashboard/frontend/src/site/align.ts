/** Series with times of their own, put on one time axis for the chart. */

/** A column of a chart: null breaks the line, undefined means "not sampled at this instant" and does not. */
export type Column = (number | null | undefined)[];

export interface Track {
  t: readonly number[];
  v: readonly (number | null)[];
  /** A hole longer than this is a gap in the data and breaks the line. */
  gapMs: number;
  /** Holes after this instant are none: a fast replay is thinned by the stream until the next backfill. */
  gapsUntilMs?: number;
}

/** The backfill, with the stream's own bins in place of its last, half-filled step. */
export function joined(
  old: { t: readonly number[]; v: readonly (number | null)[] },
  fresh: { t: readonly number[]; v: readonly (number | null)[] },
): { t: number[]; v: (number | null)[] } {
  const turn = fresh.t[0] ?? Number.POSITIVE_INFINITY;
  const keep = lowerBound(old.t, turn);
  return { t: [...old.t.slice(0, keep), ...fresh.t], v: [...old.v.slice(0, keep), ...fresh.v] };
}

export function aligned(tracks: readonly Track[]): { t: number[]; columns: Column[] } {
  const instants = new Set<number>();
  const broken = tracks.map(withGaps);
  for (const track of broken) for (const at of track.t) instants.add(at);
  const t = [...instants].sort((a, b) => a - b);
  const place = new Map(t.map((at, i) => [at, i]));
  const columns = broken.map((track) => {
    const column: Column = new Array<undefined>(t.length).fill(undefined);
    track.t.forEach((at, i) => (column[place.get(at) ?? 0] = track.v[i]));
    return column;
  });
  return { t, columns };
}

/** Puts one null in each hole, a millisecond after its beginning, where no other series has an instant. */
function withGaps({ t, v, gapMs, gapsUntilMs = Number.POSITIVE_INFINITY }: Track): { t: number[]; v: (number | null)[] } {
  const out: { t: number[]; v: (number | null)[] } = { t: [], v: [] };
  t.forEach((at, i) => {
    const before = t[i - 1];
    if (before !== undefined && at - before > gapMs && at < gapsUntilMs) {
      out.t.push(before + 1);
      out.v.push(null);
    }
    out.t.push(at);
    out.v.push(v[i] ?? null);
  });
  return out;
}

/** Measured minus twin where both have a value at the same instant. */
export function residuals(measured: Column, twin: Column): Column {
  return measured.map((value, i) => {
    const expected = twin[i];
    return typeof value === "number" && typeof expected === "number" ? value - expected : expected === null ? null : undefined;
  });
}

/** The value axis: never so narrow that noise looks like an event, with a tenth of air above and below. */
export function axisRange(min: number | null, max: number | null, leastSpan: number): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, leastSpan];
  const span = Math.max(max - min, leastSpan);
  const middle = (min + max) / 2;
  const low = middle - span * 0.6;
  return [min >= 0 && low < 0 ? 0 : low, middle + span * 0.6];
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
