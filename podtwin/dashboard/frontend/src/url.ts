/** The view as the address says it: whoever gets the address sees the same. */

export const RANGES: Readonly<Record<string, number>> = { "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800 };
export const DEFAULT_RANGE = "1h";
/** What alerts are filtered by, as the API names it; `state=open` stands for all that are not resolved. */
export const FILTERS = ["site", "state", "severity", "rule", "handling"] as const;
export type Filter = (typeof FILTERS)[number];

export interface View {
  page: "fleet" | "site" | "alerts" | "lost";
  site: string | null;
  /** Where a page lies that is neither: kept as it is. */
  path: string;
  range: string;
  /** A zoom, in Unix milliseconds; while it is set, charts stand still. */
  from: number | null;
  to: number | null;
  theme: "light" | "dark" | null;
  kiosk: boolean;
  /** Points that the viewer added to the charts, as asset/point. */
  points: string[];
  /** Charts that are folded away by default, by name. */
  charts: string[];
  query: string;
  /** The alert that is open on the page. */
  alert: string | null;
  filters: Partial<Record<Filter, string>>;
}

const SITE_PATH = /^\/sites\/([a-z0-9][a-z0-9-]{0,62})\/?$/;

export function parseView(pathname: string, search: string): View {
  const asked = new URLSearchParams(search);
  const site = SITE_PATH.exec(pathname)?.[1] ?? null;
  const page = site ? "site" : pathname === "/" || pathname === "/sites" ? "fleet" : pathname === "/alerts" ? "alerts" : "lost";
  const filters = page === "alerts" ? FILTERS.flatMap((name) => (asked.get(name) ? [[name, asked.get(name)]] : [])) : [];
  const range = asked.get("range") ?? DEFAULT_RANGE;
  const theme = asked.get("theme");
  const [from, to] = [instant(asked.get("from")), instant(asked.get("to"))];
  const zoomed = from !== null && to !== null && from < to;
  return {
    page,
    site,
    path: pathname,
    range: range in RANGES ? range : DEFAULT_RANGE,
    from: zoomed ? from : null,
    to: zoomed ? to : null,
    theme: theme === "light" || theme === "dark" ? theme : null,
    kiosk: asked.get("kiosk") === "1",
    points: list(asked.get("points")),
    charts: list(asked.get("charts")),
    query: asked.get("q") ?? "",
    alert: asked.get("alert"),
    filters: Object.fromEntries(filters) as View["filters"],
  };
}

export function formatView(view: View): string {
  const parts: [string, string | null][] = [
    ["range", view.range === DEFAULT_RANGE ? null : view.range],
    ["from", view.from === null ? null : new Date(view.from).toISOString()],
    ["to", view.to === null ? null : new Date(view.to).toISOString()],
    ["points", view.points.join(",") || null],
    ["charts", view.charts.join(",") || null],
    ["q", view.query || null],
    ...FILTERS.map((name): [string, string | null] => [name, view.filters[name] || null]),
    ["alert", view.alert],
    ["theme", view.theme],
    ["kiosk", view.kiosk ? "1" : null],
  ];
  const search = parts.filter(([, value]) => value !== null).map(([key, value]) => `${key}=${readable(value ?? "")}`);
  const path = view.page === "site" && view.site ? `/sites/${view.site}` : view.page === "fleet" ? "/" : view.page === "alerts" ? "/alerts" : view.path;
  return path + (search.length ? `?${search.join("&")}` : "");
}

/** The view of another page: what belongs to the viewer stays, what belongs to the page goes. */
export function pageOf(view: View, site: string | null, page: View["page"] = site ? "site" : "fleet"): View {
  return { ...view, page, site, from: null, to: null, points: [], charts: [], query: "", alert: null, filters: {} };
}

function readable(value: string): string {
  return encodeURIComponent(value).replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3A/g, ":");
}

function list(text: string | null): string[] {
  return text ? text.split(",").filter(Boolean) : [];
}

function instant(text: string | null): number | null {
  if (!text) return null;
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
