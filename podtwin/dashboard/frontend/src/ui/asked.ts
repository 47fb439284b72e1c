/** What an address answers (nothing for null), asked when it or the reason for asking is another, and again while time goes on. */

import { useEffect, useState } from "preact/hooks";

import { get, problemFrom, type Problem } from "../api";
import { door } from "../session";

export interface Asked<T> {
  answer: T | null;
  problem: Problem | null;
  again: () => void;
}

export function useAsked<T>(path: string | null, reason: string, everyMs: number): Asked<T> {
  const [got, setGot] = useState<{ answer: T | null; problem: Problem | null }>({ answer: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const ask = (): void => {
      if (document.hidden || path === null || door.peek() !== "in") return;
      get<T>(path, abort.signal).then(
        (answer) => setGot({ answer, problem: null }),
        (error: unknown) => abort.signal.aborted || setGot((before) => ({ ...before, problem: problemFrom(error) })),
      );
    };
    ask();
    const timer = setInterval(ask, everyMs);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [path, reason, everyMs, turn]);
  return { ...got, again: () => setTurn((now) => now + 1) };
}
