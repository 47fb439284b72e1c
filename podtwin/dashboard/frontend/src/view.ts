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
  const step = ["page", "site", "range", "from", "filters"].some((key) => key in patch);
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

/** The address of an alert on its site's page, or of the list of alerts. */
export function hrefOfAlert(alert: { id: string; site: string }): string {
  return formatView({ ...pageOf(view.value, alert.site), alert: alert.id });
}

export function hrefOfAlerts(): string {
  return formatView(pageOf(view.value, null, "alerts"));
}

/** Goes to an address of the page itself, as the server gave it: who looks keeps theme and kiosk. */
export function visit(address: string): void {
  const { pathname, search } = new URL(address, location.origin);
  const { theme: own, kiosk } = view.peek();
  change({ ...parseView(pathname, search), theme: own, kiosk });
  scrollTo(0, 0);
}

/** For links to an address of the page. */
export function onVisit(address: string): (event: MouseEvent) => void {
  return (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation();
    visit(address);
  };
}

/** For links: a plain click stays on the page; one for a new tab is left to the browser. */
export function onLink(site: string | null): (event: MouseEvent) => void {
  return (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    go(site);
  };
}

function isPlain(event: MouseEvent): boolean {
  return !(event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

export function flipTheme(): void {
  change({ theme: theme.peek() === "dark" ? "light" : "dark" });
}

export function toggled(list: readonly string[], entry: string): string[] {
  return list.includes(entry) ? list.filter((each) => each !== entry) : [...list, entry];
}
