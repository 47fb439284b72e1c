/**
 * Air at the rack inlet: what is recommended and what is allowed, per class of equipment.
 *
 * ASHRAE TC 9.9, Thermal Guidelines for Data Processing Environments, 5th edition (2021), dry-bulb ranges in °C.
 */

export interface AirLimits {
  label: string;
  recommended: readonly [number, number];
  allowable: readonly [number, number];
}

const CLASSES: Readonly<Record<string, AirLimits>> = {
  A1: { label: "ASHRAE A1", recommended: [18, 27], allowable: [15, 32] },
  A2: { label: "ASHRAE A2", recommended: [18, 27], allowable: [10, 35] },
  A3: { label: "ASHRAE A3", recommended: [18, 27], allowable: [5, 40] },
  A4: { label: "ASHRAE A4", recommended: [18, 27], allowable: [5, 45] },
  H1: { label: "ASHRAE H1", recommended: [18, 22], allowable: [15, 25] },
};

export type Air = "normal" | "warning" | "critical";

/** The limits of a site, or none where its file names no class: then nothing is coloured. */
export function airLimits(limits: Record<string, unknown> | null | undefined): AirLimits | null {
  const name = limits?.["ashrae_class"];
  return typeof name === "string" ? (CLASSES[name] ?? null) : null;
}

export function judgeInlet(inletC: number | null, limits: AirLimits | null): Air {
  if (inletC === null || !limits) return "normal";
  if (inletC < limits.allowable[0] || inletC > limits.allowable[1]) return "critical";
  return inletC < limits.recommended[0] || inletC > limits.recommended[1] ? "warning" : "normal";
}

/** All classes of air-cooled servers share this upper end; the list of sites does not say which class holds. */
export const RECOMMENDED_MAX_C = 27;
