/**
 * How numbers, units, ages and times are written.
 *
 * A unit is always shown on one scale (power in kW, whatever its size) and with digits that hang on coarse
 * steps of the size alone, so that a column does not change its look from one second to the next. Unknown is
 * a dash, never 0. Nothing here asks the browser for its language: in a container it may be "C", which `Intl` refuses.
 */

export const UNKNOWN = "—";

interface Scale {
  label: string;
  factor: number;
  digits: (size: number) => number;
}

const fixed = (digits: number) => (): number => digits;
const byTen = (size: number): number => (size < 10 ? 2 : 1);
const significant = (size: number): number => (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);

const SCALES: Record<string, Scale> = {
  Cel: { label: "°C", factor: 1, digits: fixed(1) },
  K: { label: "K", factor: 1, digits: fixed(1) },
  W: { label: "kW", factor: 1e-3, digits: byTen },
  "W.h": { label: "kWh", factor: 1e-3, digits: fixed(1) },
  "%": { label: "%", factor: 1, digits: fixed(1) },
  V: { label: "V", factor: 1, digits: fixed(1) },
  Hz: { label: "Hz", factor: 1, digits: fixed(2) },
  Pa: { label: "Pa", factor: 1, digits: (size) => (size < 1000 ? 1 : 0) },
  "m3/h": { label: "m³/h", factor: 1, digits: significant },
  "kg/s": { label: "kg/s", factor: 1, digits: fixed(2) },
  "L/min": { label: "L/min", factor: 1, digits: fixed(1) },
  "W/m2": { label: "W/m²", factor: 1, digits: fixed(0) },
  By: { label: "GB", factor: 1e-9, digits: fixed(2) },
  "By/s": { label: "MB/s", factor: 1e-6, digits: fixed(2) },
  "1": { label: "", factor: 1, digits: significant },
};

export function scaleOf(unit: string): Scale {
  return SCALES[unit] ?? { label: unit, factor: 1, digits: significant };
}

export interface Shown {
  text: string;
  unit: string;
}

export function show(value: number | null | undefined, unit: string): Shown {
  const scale = scaleOf(unit);
  if (value === null || value === undefined || !Number.isFinite(value)) return { text: UNKNOWN, unit: scale.label };
  const scaled = value * scale.factor;
  const whole = unit === "1" && Number.isInteger(value);
  return { text: grouped(scaled, whole ? 0 : scale.digits(Math.abs(scaled))), unit: scale.label };
}

/** A difference of two values of the unit, signed: a difference of temperatures is in K. */
export function showDifference(value: number | null | undefined, unit: string): Shown {
  const shown = show(value, unit === "Cel" ? "K" : unit);
  const positive = typeof value === "number" && value > 0 && /[1-9]/.test(shown.text);
  return { ...shown, text: positive ? `+${shown.text}` : shown.text };
}

/** Digits with a real minus sign, and narrow spaces from five digits before the point on. */
export function grouped(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  const negative = value < 0 && Number(text) !== 0;
  const [whole = "", fraction] = text.split(".");
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return (negative ? "−" : "") + spaced + (fraction ? `.${fraction}` : "");
}

/** An age in one unit: tenths of seconds matter for a stream, not for a reading. */
export function age(seconds: number | null | undefined, tenths = false): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  const past = Math.max(0, seconds);
  if (past < 100) return tenths ? `${past.toFixed(1)} s` : `${Math.round(past)} s`;
  if (past < 100 * 60) return `${Math.round(past / 60)} m`;
  if (past < 48 * 3600) return `${Math.round(past / 3600)} h`;
  return `${Math.round(past / 86400)} d`;
}

const two = (value: number): string => String(value).padStart(2, "0");

export function utcTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}Z`;
}

export function utcStamp(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${utcTime(ms)}`;
}

/** The viewer's own wall clock with its distance from UTC: "15:03:22 UTC+1". */
export function viewerTime(ms: number, offsetMinutes = -new Date(ms).getTimezoneOffset()): string {
  const at = new Date(ms + offsetMinutes * 60_000);
  const hours = Math.trunc(Math.abs(offsetMinutes) / 60);
  const minutes = Math.abs(offsetMinutes) % 60;
  const sign = offsetMinutes < 0 ? "−" : "+";
  return `${utcTime(at.getTime()).slice(0, -1)} UTC${sign}${hours}${minutes ? `:${two(minutes)}` : ""}`;
}

export function milliseconds(at: string | null | undefined): number | null {
  if (!at) return null;
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? null : ms;
}
