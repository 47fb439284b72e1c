import { describe, expect, test } from "vitest";

import { age, grouped, show, showDifference, utcStamp, viewerTime } from "../src/format";

describe("a value", () => {
  test.each([
    [22.44, "Cel", "22.4", "°C"],
    [31_240, "W", "31.2", "kW"],
    [310, "W", "0.31", "kW"],
    [101_325, "Pa", "101\u202f325", "Pa"],
    [3.14, "Pa", "3.1", "Pa"],
    [412, "1", "412", ""],
    [0.9712, "1", "0.971", ""],
    [7, "furlong", "7.00", "furlong"],
  ])("%d %s is written %s %s", (value, unit, text, label) => {
    expect(show(value, unit)).toEqual({ text, unit: label });
  });

  test.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY])("that is %s is a dash and never 0", (value) => {
    expect(show(value, "W").text).toBe("—");
  });

  test("has a real minus sign, and none on a rounded zero", () => {
    expect(grouped(-3.25, 1)).toBe("−3.3");
    expect(grouped(-0.01, 1)).toBe("0.0");
  });

  test("that is a difference is signed, and in K for temperatures", () => {
    expect(showDifference(3.1, "Cel")).toEqual({ text: "+3.1", unit: "K" });
    expect(showDifference(-3.1, "Cel")).toEqual({ text: "−3.1", unit: "K" });
    expect(showDifference(0.01, "Cel").text).toBe("0.0");
  });
});

describe("an age", () => {
  test.each([
    [0.4, "0 s"],
    [99, "99 s"],
    [150, "3 m"],
    [7200, "2 h"],
    [300_000, "3 d"],
    [-5, "0 s"],
    [null, "—"],
  ])("of %s s is %s", (seconds, text) => {
    expect(age(seconds)).toBe(text);
  });

  test("of a stream is told in tenths", () => {
    expect(age(1.24, true)).toBe("1.2 s");
  });
});

test("times are UTC, and the viewer's with the distance from it", () => {
  const at = Date.UTC(2026, 10, 24, 14, 3, 22);
  expect(utcStamp(at)).toBe("2026-11-24 14:03:22Z");
  expect(viewerTime(at, 60)).toBe("15:03:22 UTC+1");
  expect(viewerTime(at, -210)).toBe("10:33:22 UTC−3:30");
});
