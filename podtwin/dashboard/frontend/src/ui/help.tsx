/** The help overlay: keys, and how to read the page. */

import { useEffect, useRef } from "preact/hooks";

import { helpOpen } from "../view";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search"],
  ["g f", "fleet"],
  ["g a", "alerts"],
  ["a", "acknowledge the alert that is open"],
  ["t", "light or dark"],
  ["?", "this help"],
  ["Esc", "close, clear the search, leave a zoom"],
];

const SIGNS: readonly (readonly [string, string])[] = [
  ["· normal", "readings come; grey means nothing to do"],
  ["? no data", "a known site that is silent"],
  ["○ new", "a site that has never sent"],
  ["▲ critical", "an alert for which someone comes now; a value outside the allowable range"],
  ["■ warning", "an alert for which someone looks; a value outside the recommended range"],
  ["✓ resolved", "an alert that is over"],
  ["—", "unknown; never written as 0"],
];

export function Help() {
  const box = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) box.current?.showModal();
    else box.current?.close();
  }, [open]);
  return (
    <dialog ref={box} class="help" onClose={() => (helpOpen.value = false)} aria-label="Help">
      <h2>Keys</h2>
      <List entries={KEYS} keys />
      <h2>Signs</h2>
      <List entries={SIGNS} />
      <p>
        A <span class="stale">hatched</span> value is older than three of its periods; its age stands beside it. In charts the solid line is
        measured, the dashed one is the twin, and the shade is two standard deviations of what the twin expects. Drag across a chart to zoom;
        double-click goes back. Add <code>?kiosk=1</code> to the address for a wall screen.
      </p>
      <p>
        The same data for programs: <a href="/docs">API</a>.
      </p>
      <button type="button" onClick={() => (helpOpen.value = false)}>
        Close
      </button>
    </dialog>
  );
}

function List({ entries, keys = false }: { entries: readonly (readonly [string, string])[]; keys?: boolean }) {
  return (
    <dl>
      {entries.map(([sign, meaning]) => (
        <div key={sign}>
          <dt>{keys ? <kbd>{sign}</kbd> : sign}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
