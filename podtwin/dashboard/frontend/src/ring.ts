/** The newest values of one point, measured or the twin's, as the stream brought them: what a chart adds to its backfill. */

/** Half an hour at 1 Hz: backfills are fetched anew each minute, so that is thirty times what is needed. */
export const RING_SAMPLES = 2048;

export interface Bins {
  t: number[];
  v: (number | null)[];
  sd: (number | null)[];
}

export class Ring {
  private readonly t: Float64Array;
  private readonly v: Float64Array;
  private readonly sd: Float64Array;
  private start = 0;
  private count = 0;

  constructor(readonly capacity: number = RING_SAMPLES) {
    this.t = new Float64Array(capacity);
    this.v = new Float64Array(capacity);
    this.sd = new Float64Array(capacity);
  }

  get length(): number {
    return this.count;
  }

  get firstMs(): number | null {
    return this.count ? (this.t[this.start] ?? null) : null;
  }

  get lastMs(): number | null {
    return this.count ? (this.t[this.index(this.count - 1)] ?? null) : null;
  }

  /** Takes a reading; the same instant again corrects it, an older one is left to the next backfill. */
  push(tMs: number, v: number | null, sd: number | null = null): boolean {
    const last = this.lastMs;
    if (last !== null && tMs < last) return false;
    const at = last === tMs ? this.index(this.count - 1) : this.next();
    this.t[at] = tMs;
    this.v[at] = v ?? Number.NaN;
    this.sd[at] = sd ?? Number.NaN;
    return true;
  }

  clear(): void {
    this.start = this.count = 0;
  }

  /** Means over the steps of a grid, each named by its beginning; steps that began before `fromMs` are left out. */
  binned(stepMs: number, fromMs: number): Bins {
    const bins: Bins = { t: [], v: [], sd: [] };
    let open: Mean[] | null = null;
    for (let i = 0; i < this.count; i++) {
      const at = this.index(i);
      const begin = Math.floor((this.t[at] ?? 0) / stepMs) * stepMs;
      if (begin < fromMs) continue;
      if (bins.t[bins.t.length - 1] !== begin) {
        close(bins, open);
        bins.t.push(begin);
        open = [new Mean(), new Mean()];
      }
      open?.[0]?.add(this.v[at]);
      open?.[1]?.add(this.sd[at]);
    }
    close(bins, open);
    return bins;
  }

  private index(i: number): number {
    return (this.start + i) % this.capacity;
  }

  private next(): number {
    if (this.count < this.capacity) return this.index(this.count++);
    const at = this.start;
    this.start = (this.start + 1) % this.capacity;
    return at;
  }
}

class Mean {
  private sum = 0;
  private n = 0;

  add(value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return;
    this.sum += value;
    this.n += 1;
  }

  get value(): number | null {
    return this.n ? this.sum / this.n : null;
  }
}

function close(bins: Bins, open: Mean[] | null): void {
  if (!open) return;
  bins.v.push(open[0]?.value ?? null);
  bins.sd.push(open[1]?.value ?? null);
}
