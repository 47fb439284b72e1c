/** Which rows of a long list are near the window: the rest is two empty rows of the right height. */

import { useEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";

/** Below this number all rows are drawn, so that the browser's own find works on them. */
export const VIRTUAL_FROM = 200;
const SPARE_ROWS = 12;

export interface Slice {
  from: number;
  to: number;
}

export function visibleSlice(count: number, rowHeight: number, top: number, windowHeight: number): Slice {
  if (count <= VIRTUAL_FROM) return { from: 0, to: count };
  const first = Math.floor(-top / rowHeight) - SPARE_ROWS;
  const last = Math.ceil((windowHeight - top) / rowHeight) + SPARE_ROWS;
  const to = Math.max(0, Math.min(count, last));
  return { from: Math.max(0, Math.min(first, to)), to };
}

/** The slice of the list whose body `ref` holds, kept right while the window is scrolled or sized. */
export function useSlice(ref: RefObject<HTMLElement | null>, count: number): Slice & { rowHeight: number } {
  const [slice, setSlice] = useState<Slice>(() => visibleSlice(count, 44, 0, innerHeight));
  const [rowHeight, setRowHeight] = useState(44);
  useEffect(() => {
    const measure = (): void => {
      const body = ref.current;
      if (!body) return;
      const row = body.querySelector<HTMLElement>("tr[data-row]");
      const height = row?.offsetHeight || rowHeight;
      const next = visibleSlice(count, height, body.getBoundingClientRect().top, innerHeight);
      setRowHeight(height);
      setSlice((now) => (now.from === next.from && now.to === next.to ? now : next));
    };
    measure();
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, [count]);
  return { ...slice, to: count <= VIRTUAL_FROM ? count : Math.min(slice.to, count), rowHeight };
}
