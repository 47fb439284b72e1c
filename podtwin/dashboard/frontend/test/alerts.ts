import type { Alert, Evidence } from "../src/api";

const evidence: Evidence = {
  at: "2026-11-24T09:02:00Z",
  unit: "Cel",
  value: 25.1,
  expected: 22,
  band: 0.4,
  residual: 3.1,
  direction: 1,
  left_s: null,
  contributions: { "crac-1/fan_power": 0.2, "crac-1/supply_air_temp": 0.8 },
  suspected: "crac-1",
  link: "/sites/ams-03?points=crac-1/supply_air_temp&from=2026-11-24T08:30:00Z&to=2026-11-24T09:12:00Z",
};

export function alert(id: string, more: Partial<Alert> = {}): Alert {
  return {
    id,
    fingerprint: `f-${id}`,
    site: "ams-03",
    rule: "twin-deviation",
    point: "crac-1/supply_air_temp",
    severity: "warning",
    state: "firing",
    handling: "new",
    handled_by: "",
    title: "Not what the twin expects",
    text: "CRAC-1 supply air is 25.1 °C; the twin expects 22.0 ± 0.4 °C, for 2 min.",
    raised_at: "2026-11-24T09:00:00Z",
    started_at: "2026-11-24T09:00:10Z",
    ended_at: null,
    changed_at: "2026-11-24T09:00:10Z",
    score: 1.6,
    worst: 2,
    evidence,
    ...more,
  };
}
