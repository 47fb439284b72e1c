/** What happened to an alert, by time. */

import type { Alert, TimelineEntry } from "../api";
import { milliseconds, utcTime } from "../format";
import { useAsked } from "../ui/asked";
import { entryWords } from "./words";

const REFRESH_MS = 10_000;
export function Timeline({ alert }: { alert: Alert }) {
  const reason = `${alert.changed_at} ${alert.handling}`;
  const { answer, problem } = useAsked<{ entries: TimelineEntry[] }>(`/api/v1/alerts/${alert.id}/timeline`, reason, REFRESH_MS);
  return (
    <section class="timeline">
      <h3>Timeline</h3>
      {problem && <p class="problem">{problem.message}</p>}
      <ol data-testid="alert-timeline">
        {answer?.entries.map((entry, i) => (
          <li key={i}>
            <time>{timeOf(entry)}</time> {entryWords(entry)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function timeOf({ at }: TimelineEntry): string {
  const ms = milliseconds(at);
  return ms === null ? "—" : utcTime(ms);
}
