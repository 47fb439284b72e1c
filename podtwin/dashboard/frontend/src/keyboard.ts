/** Keys that work on every page; in a field only Escape does. */

import { change, flipTheme, go, helpOpen, hrefOfAlerts, view, visit } from "./view";

/** How long after `g` its second key still counts. */
const CHORD_MS = 1_200;

export function listenForKeys(): void {
  let chordUntil = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    if (isField(event.target)) return;
    const second = performance.now() < chordUntil;
    chordUntil = event.key === "g" ? performance.now() + CHORD_MS : 0;
    if (second && event.key === "f") go(null);
    else if (second && event.key === "a") visit(hrefOfAlerts());
    else if (event.key === "a") document.querySelector<HTMLButtonElement>("[data-testid='alert-ack']")?.click();
    else if (event.key === "/") focusSearch(event);
    else if (event.key === "t") flipTheme();
    else if (event.key === "?") helpOpen.value = !helpOpen.value;
  });
}

function escape(): void {
  if (helpOpen.peek()) helpOpen.value = false;
  else if (isField(document.activeElement)) {
    change({ query: "" });
    (document.activeElement as HTMLElement).blur();
  } else if (view.peek().from !== null) change({ from: null, to: null });
}

function focusSearch(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLInputElement>("#search")?.focus();
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
