/** The view the page is in, tied to the address. */

import { computed, signal } from "@preact/signals";

import { formatView, pageOf, parseView, type View } from "./url";

const dark = matchMedia("(prefers-color-scheme: dark)");
const prefersDark = signal(dark.matches);
dark.addEventListener("change", (event) => (prefersDark.value = event.matches));

export const view = signal<View>(parseView(location.pathname, location.search));
export const theme = computed(() => view.value.theme ?? (prefersDark.value ? "dark" : "light"));
export const helpOpen = signal(false);

addEventListener("popstate", () => (view.value = parseView(location.pathname, location.search)));

/** Changes the view. A page, a range or a zoom is a step back in the history; typing and the theme are not. */
export function change(patch: Partial<View>): void {
  const next = { ...view.peek(), ...patch };
  const step = ["page", "site", "range", "from"].some((key) => key in patch);
  if (step) history.pushState(null, "", formatView(next));
  else history.replaceState(null, "", formatView(next));
  view.value = next;
}

export function go(site: string | null): void {
  change(pageOf(view.peek(), site));
  scrollTo(0, 0);
}

export function hrefOf(site: string | null): string {
  return formatView(pageOf(view.value, site));
}

/** For links: a plain click stays on the page; one for a new tab is left to the browser. */
export function onLink(site: string | null): (event: MouseEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(site);
  };
}

export function flipTheme(): void {
  change({ theme: theme.peek() === "dark" ? "light" : "dark" });
}

export function toggled(list: readonly string[], entry: string): string[] {
  return list.includes(entry) ? list.filter((each) => each !== entry) : [...list, entry];
}
