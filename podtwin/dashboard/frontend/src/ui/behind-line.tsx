/** A quiet line at the foot of the page while something is behind. It covers nothing and moves nothing. */

import type { Status } from "../api";
import { live } from "../live/client";
import { me } from "../session";
import { useAsked } from "./asked";
import { behindWords, fullWords } from "./behind";

const ASKED_EVERY_MS = 10_000;

export function Behind() {
  void live.frame.value;
  // A key for some sites may not ask how the process is; their nodes come with the stream.
  const path = me.value?.sites ? null : "/api/v1/status";
  const { answer } = useAsked<Status>(path, "behind", ASKED_EVERY_MS);
  const full = fullWords(answer);
  const words = behindWords(answer, live.state.sites.values());
  if (!full && !words.length) return null;
  return (
    <div class="behind" data-testid="behind" role="status">
      {full && <span class="state state-warning">■ {full}</span>}
      {words.length > 0 && <span>◔ {words.join(" · ")}</span>}
    </div>
  );
}
