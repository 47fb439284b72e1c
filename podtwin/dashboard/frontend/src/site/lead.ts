/** The values by which an asset is known: the one that leads its box, and a second below it. */

const LEADING: Readonly<Record<string, readonly string[]>> = {
  meter: ["power", "voltage"],
  "weather-station": ["outdoor_air_temp", "outdoor_air_humidity"],
  ups: ["output_power", "battery_charge"],
  pdu: ["power"],
  rack: ["inlet_temp", "it_power"],
  aisle: ["air_temp", "air_humidity"],
  crac: ["supply_air_temp", "compressor_power"],
  crah: ["supply_air_temp", "valve_position"],
  chiller: ["supply_water_temp", "power"],
  "dry-cooler": ["return_water_temp", "fan_power"],
  pump: ["power", "speed"],
  cdu: ["secondary_supply_temp", "secondary_flow"],
  "heat-exchanger": ["heat_power"],
  "heat-pump": ["heat_power", "power"],
  battery: ["state_of_charge", "power"],
  server: ["power", "cpu_utilization"],
  cluster: ["it_power", "tasks_running"],
};

/** Names of the two points to show, of those the asset has; an unknown class shows its first gauges. */
export function leadingPoints(assetClass: string, available: readonly string[]): string[] {
  const known = (LEADING[assetClass] ?? []).filter((name) => available.includes(name));
  const rest = available.filter((name) => !known.includes(name) && /power|temp/.test(name));
  return [...known, ...(known.length ? [] : rest), ...(known.length || rest.length ? [] : available)].slice(0, 2);
}
