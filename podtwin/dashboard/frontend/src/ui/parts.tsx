/** Small pieces that several pages share: state marks, and a value with its unit, age and quality. */

import type { ComponentChildren } from "preact";

import type { Clock, SiteState } from "../api";
import { age, type Shown } from "../format";

export const STATES: Readonly<Record<SiteState, { mark: string; word: string }>> = {
  critical: { mark: "▲", word: "critical" },
  warning: { mark: "■", word: "warning" },
  normal: { mark: "·", word: "normal" },
  no_data: { mark: "?", word: "no data" },
  new: { mark: "○", word: "new" },
};

export function StateMark({ state }: { state: SiteState }) {
  const { mark, word } = STATES[state] ?? { mark: "?", word: state };
  return (
    <span class={`state state-${state}`}>
      <span class="mark" aria-hidden="true">
        {mark}
      </span>{" "}
      {word}
    </span>
  );
}

/** What an age means: while a site plays a recording it is told in the recording's own time. */
export function clockWord(clock: Clock): string {
  return { live: "live", recorded: "recorded", none: "no clock yet" }[clock] ?? clock;
}

export interface ValueProps {
  shown: Shown;
  ageS: number | null;
  quality: string;
  testid?: string;
  children?: ComponentChildren;
}

/** A value is plain only while it is fresh: stale is hatched with its age, a flag is named. */
export function Value({ shown, ageS, quality, testid }: ValueProps) {
  const stale = quality === "stale";
  return (
    <span class={stale ? "value stale" : "value"} data-testid={testid} data-quality={quality}>
      <span class="number">{shown.text}</span>
      {shown.unit && <span class="unit">{shown.unit}</span>}
      <span class="age">{ageS === null ? "" : age(ageS)}</span>
      {quality !== "good" && <span class="quality">{quality.replace(/_/g, " ")}</span>}
    </span>
  );
}

export function Note({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="note">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
