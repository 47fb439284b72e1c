/** The headline of a site: what its points allow, each with the age and quality of its oldest input. */

import type { Point, Pue, Summary } from "../api";
import { grouped, show, UNKNOWN, type Shown } from "../format";
import { shortId } from "./choose";
import type { Current } from "./data";
import { judgeInlet, type Air, type AirLimits } from "./limits";
import { TWIN_ASSET } from "./tracks";

export interface Kpi {
  name: string;
  label: string;
  shown: Shown;
  note: string;
  ageS: number | null;
  quality: string;
  level: Air;
  /** What the note has no room for. */
  more?: string;
}

/** The period of the headline's PUE. */
export const PUE_PERIOD = "1h";

const UNKNOWN_WORDS: Readonly<Record<string, string>> = {
  no_facility_meter: "no facility meter",
  no_it_meter: "no meter of IT",
  no_it_energy: "no IT energy",
  low_coverage: "too little is known",
};

type Look = (key: string) => Current;
/** Enough for one row of a wide screen. */
const MOST = 8;
const FILLERS_TO = 4;

export function kpisOf(points: readonly Point[], summary: Summary, limits: AirLimits | null, look: Look, pue: Pue | null): Kpi[] {
  const where = (test: (p: Point) => boolean): string[] => points.filter(test).map(shortId);
  const it = where((p) => p.point === "it_power");
  const facility = where((p) => p.class === "meter" && p.point === "power");
  const supply = where((p) => p.point === "supply_air_temp");
  const back = where((p) => p.point === "return_air_temp");
  const cooling = where((p) => /^(compressor|fan|pump)_power$/.test(p.point));
  const inlets = where((p) => p.point === "inlet_temp");
  const racks = points.some((p) => p.class === "rack" && p.point === "it_power");
  const outdoor = where((p) => p.point === "outdoor_air_temp");
  const [warm, cold] = [mean(back, look), mean(supply, look)];
  const made = [
    kpi("it-power", "IT power", it, show(summary.it_power_w, "W"), racks ? "sum of rack meters" : "IT meter", look),
    kpi("facility-power", "Facility power", facility, show(summary.facility_power_w, "W"), "facility meter", look),
    facility.length ? pueOf(pue) : null,
    warmest(inlets, summary.inlet_max_c, limits, look),
    kpi("supply-air", "Supply air", supply, show(cold, "Cel"), supply.length > 1 ? `mean of ${supply.length} units` : "", look),
    kpi("air-rise", "Return − supply", [...supply, ...back], show(warm !== null && cold !== null ? warm - cold : null, "K"), "air temperature rise", look),
    kpi("cooling-power", "Cooling power", cooling, show(sum(cooling, look), "W"), "compressors, fans, pumps", look),
    kpi("outdoor", "Outdoor", outdoor, show(summary.outdoor_c, "Cel"), "", look),
  ].filter((each): each is Kpi => each !== null);
  return made.length >= FILLERS_TO ? made.slice(0, MOST) : [...made, ...fillers(points, made, look)];
}

/** Energies of a period, so it has no age: it has a category, a period and a coverage. */
export function pueOf(pue: Pue | null): Kpi {
  const made: Kpi = { name: "pue", label: "PUE", shown: ratio(pue?.value ?? null), note: "", ageS: null, quality: "good", level: "normal" };
  if (!pue) return made;
  const coverage = `cov. ${Math.round(100 * pue.coverage)} %`;
  const why = pue.unknown ? [UNKNOWN_WORDS[pue.unknown] ?? pue.unknown] : [];
  const category = pue.category ? [`cat. ${pue.category}`] : [];
  const more = `${pue.standard}, ${pue.variant}. ${pue.boundary.facility.words} over ${pue.boundary.it.words}`;
  return { ...made, note: [...why, ...category, "1 h", coverage].join(", "), more };
}

/** Judged by the site's class of equipment; the shape says it where colour does not. */
function warmest(inlets: readonly string[], inletC: number | null, limits: AirLimits | null, look: Look): Kpi | null {
  const made = kpi("inlet-max", "Inlet, warmest", inlets, show(inletC, "Cel"), `of ${inlets.length} racks`, look);
  const level = judgeInlet(inletC, limits);
  if (!made || level === "normal") return made;
  const range = level === "critical" ? "allowable" : "recommended";
  return { ...made, level, note: `${level === "critical" ? "▲" : "■"} outside the ${range} ${limits?.[range].join(" to ")} °C` };
}

/** A site that measures other things is led by the first of those. */
function fillers(points: readonly Point[], made: readonly Kpi[], look: Look): Kpi[] {
  const known = made.length ? ["it_power"] : [];
  return points
    .filter((p) => p.kind !== "counter" && p.asset !== TWIN_ASSET && !known.includes(p.point) && look(shortId(p)).v !== null)
    .slice(0, FILLERS_TO + 1 - made.length)
    .map((p) => {
      const key = shortId(p);
      const now = look(key);
      return { name: key.replace("/", "-"), label: p.point.replace(/_/g, " "), shown: show(now.v, p.unit), note: p.asset, ageS: now.ageS, quality: now.quality, level: "normal" };
    });
}

function kpi(name: string, label: string, inputs: readonly string[], shown: Shown, note: string, look: Look): Kpi | null {
  if (!inputs.length) return null;
  const values = inputs.map(look);
  const ages = values.map((value) => value.ageS).filter((each): each is number => each !== null);
  const worst = values.find((value) => value.quality === "stale") ?? values.find((value) => value.quality !== "good");
  return { name, label, shown, note, ageS: ages.length ? Math.max(...ages) : null, quality: worst?.quality ?? "good", level: "normal" };
}

function ratio(value: number | null): Shown {
  return { text: value === null ? UNKNOWN : grouped(value, 2), unit: "" };
}

function sum(keys: readonly string[], look: Look): number | null {
  const values = keys.map((key) => look(key).v);
  return values.length && values.every((v) => v !== null) ? values.reduce<number>((a, b) => a + (b ?? 0), 0) : null;
}

function mean(keys: readonly string[], look: Look): number | null {
  const total = sum(keys, look);
  return total === null ? null : total / keys.length;
}
