"""What devices beside the host say and what they do not, printed before anything is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from podtwin.cli.host_table import shown_value
from podtwin.cli.output import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from podtwin.agent.devices.poller import Asked


def show_devices(asked: Sequence[Asked]) -> None:
    """Each device: how it answered, its points with their values, what is absent or doubtful."""
    for one in asked:
        typer.echo(f"\n{one.device.id}: {one.device.kind}: {one.health} in {one.took_s:.2f} s")
        if one.fault is not None:
            typer.echo(f"  {_with_way_out(one.fault.why, one.fault.way_out)}")
            continue
        rows = [
            {
                "point": point.id,
                "now": shown_value(one.reading.values[point.id]),
                "unit": point.unit,
            }
            for point in one.device.points
            if point.id in one.reading.values
        ]
        if rows:
            print_table(rows, right={"now"})
        _say("Not seen:", ((a.point, a.why, a.way_out) for a in one.reading.absent))
        _say("Hardly true:", ((d.point, d.why, d.way_out) for d in one.reading.doubts))
        if one.reading.offers:
            typer.echo("Also there: " + ", ".join(one.reading.offers))


def devices_as_json(asked: Sequence[Asked]) -> list[dict[str, object]]:
    """The same, for programs."""
    return [_as_json(one) for one in asked]


def _as_json(one: Asked) -> dict[str, object]:
    values, fault = one.reading.values, one.fault
    points = [
        {"id": point.id, "value": values.get(point.id), "unit": point.unit}
        for point in one.device.points
    ]
    absent = [{"point": a.point, "why": a.why, "way_out": a.way_out} for a in one.reading.absent]
    doubts = [{"point": d.point, "why": d.why, "way_out": d.way_out} for d in one.reading.doubts]
    return {
        "id": one.device.id,
        "kind": one.device.kind,
        "health": one.health.value,
        "why": fault.why if fault else "",
        "way_out": fault.way_out if fault else "",
        "read_duration_s": round(one.took_s, 3),
        "points": points,
        "absent": absent,
        "doubts": doubts,
        "offers": list(one.reading.offers),
    }


def _say(heading: str, lines: Iterable[tuple[str, str, str]]) -> None:
    for number, (point, why, way_out) in enumerate(lines):
        if number == 0:
            typer.echo(heading)
        typer.echo(f"  {point}: {_with_way_out(why, way_out)}")


def _with_way_out(why: str, way_out: str) -> str:
    return f"{why}; {way_out}" if way_out else why
