"""Site files of the three module types, as their owners would write them."""

from __future__ import annotations

AIR_DX = """\
schema: podtwin/site/1
id: ams-03
type: air-dx
location: {latitude: 52.37, longitude: 4.90, elevation_m: 2, timezone: Europe/Amsterdam}
nodes: [gw-1]
limits: {ashrae_class: A2, edition: 2021}
supply: {carbon_g_kwh: 268, price_eur_kwh: 0.21}
assets:
  - {id: meter-main, class: meter, feeds: [ups-1, crac-1], rating: {power_w: 45000}}
  - {id: ups-1, class: ups, feeds: [pdu-a], rating: {power_w: 30000}}
  - {id: pdu-a, class: pdu, feeds: ["rack-[01-03]"]}
  - {id: "rack-[01-03]", class: rack, rating: {power_w: 8300}}
  - {id: cold-aisle, class: aisle, measures: ["rack-[01-03]"]}
  - {id: hot-aisle, class: aisle, points: {air_humidity: null, pressure_difference: null}}
  - {id: crac-1, class: crac, cools: ["rack-[01-03]"], rating: {cooling_w: 36800,
      air_flow_m3_s: 1.9, fan_power_w: 1500, cop: 4.05},
      points: {filter_pressure_difference: {period_s: 60}}}
  - {id: weather-1, class: weather-station}
twin: {step_s: 5, parameters: {room_volume_m3: 68, envelope_ua_w_k: 60,
    server_capacity_j_k: {mean: 9.0e5, sd: 3.0e5}, recirculation: {mean: 0.05, sd: 0.03}}}
"""

AIR_CHW = """\
schema: podtwin/site/1
id: cph-01
type: air-chw
location: {latitude: 55.68, longitude: 12.57, elevation_m: 5, timezone: Europe/Copenhagen}
nodes: [gw-1, bms]
assets:
  - {id: meter-main, class: meter, feeds: [ups-1, "crah-[1-2]", chiller-1, "pump-[1-2]",
      dry-cooler-1]}
  - {id: ups-1, class: ups, feeds: [pdu-a, pdu-b], rating: {power_w: 120000}}
  - {id: "pdu-[a-b]", class: pdu, feeds: ["rack-[01-10]"]}
  - {id: "rack-[01-10]", class: rack, rating: {power_w: 10000}}
  - {id: cold-aisle, class: aisle, measures: ["rack-[01-10]"]}
  - {id: hot-aisle, class: aisle, points: {air_humidity: null, pressure_difference: null}}
  - {id: "crah-[1-2]", class: crah, cools: ["rack-[01-10]"], rating: {cooling_w: 70000,
      air_flow_m3_s: 5.5, fan_power_w: 3000}}
  - {id: chiller-1, class: chiller, cools: ["crah-[1-2]"], rating: {cooling_w: 130000, cop: 3.6,
      supply_water_c: 15}}
  - {id: dry-cooler-1, class: dry-cooler, cools: ["crah-[1-2]"], rating: {heat_w: 130000,
      fan_power_w: 5200}, points: {water_used: null}}
  - {id: "pump-[1-2]", class: pump, feeds: ["crah-[1-2]"], rating: {flow_kg_s: 4.5, power_w: 1500}}
  - {id: weather-1, class: weather-station}
twin: {step_s: 5, parameters: {room_volume_m3: 95, water_volume_m3: 0.8,
    free_cooling_approach_k: 6}}
"""

HYBRID_D2C = """\
schema: podtwin/site/1
id: esp-07
type: hybrid-d2c
location: {latitude: 60.21, longitude: 24.66, elevation_m: 20, timezone: Europe/Helsinki}
nodes: [gw-1, cdu-ctl]
assets:
  - {id: grid-1, class: grid, feeds: [meter-main], supply: {carbon_g_kwh: 60}}
  - {id: meter-main, class: meter, feeds: [ups-1, cdu-1, crah-1, "pump-[1-2]", dry-cooler-1,
      heat-pump-1]}
  - {id: pv-1, class: pv, feeds: [meter-main], rating: {power_w: 90000}}
  - {id: battery-1, class: battery, feeds: [meter-main], rating: {energy_wh: 400000,
      power_w: 200000}}
  - {id: ups-1, class: ups, feeds: ["pdu-[a-b]"], rating: {power_w: 500000}}
  - {id: "pdu-[a-b]", class: pdu, feeds: ["rack-[01-06]"]}
  - {id: "rack-[01-06]", class: rack, cooling: liquid, liquid_fraction: 0.8,
      rating: {power_w: 70000}}
  - {id: cold-aisle, class: aisle, measures: ["rack-[01-06]"]}
  - {id: hot-aisle, class: aisle, points: {air_humidity: null, pressure_difference: null}}
  - {id: crah-1, class: crah, cools: ["rack-[01-06]"], rating: {cooling_w: 110000,
      air_flow_m3_s: 9.0, fan_power_w: 5000}}
  - {id: cdu-1, class: cdu, cools: ["rack-[01-06]"], fluid: pg25, rating: {heat_w: 400000,
      ua_w_k: 110000, flow_kg_s: 8.0}}
  - {id: "pump-[1-2]", class: pump, feeds: [cdu-1, crah-1]}
  - {id: dry-cooler-1, class: dry-cooler, cools: [cdu-1, crah-1], pad: true,
      rating: {heat_w: 500000, fan_power_w: 20000}}
  - {id: heat-exchanger-1, class: heat-exchanger, cools: [cdu-1]}
  - {id: heat-pump-1, class: heat-pump, part_of: heat-exchanger-1, rating: {heat_w: 300000,
      cop: 4.3}}
  - {id: weather-1, class: weather-station}
twin: {step_s: 5, parameters: {tcs_volume_m3: 0.4, fws_volume_m3: 1.2,
    cold_plate_r_k_w: {mean: 2.8e-4, sd: 5.0e-5}}}
"""
