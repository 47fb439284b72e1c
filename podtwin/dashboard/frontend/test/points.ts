import type { Point } from "../src/api";

export function point(asset: string, name: string, more: Partial<Point> = {}): Point {
  return {
    id: `ams-03/${asset}/${name}`,
    asset,
    point: name,
    class: asset.replace(/-[^-]*$/, ""),
    quantity: "temperature",
    unit: "Cel",
    period_s: 10,
    kind: "gauge",
    role: "measurement",
    owner: "gw-1",
    states: null,
    ...more,
  };
}
