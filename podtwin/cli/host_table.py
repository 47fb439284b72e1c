"""What a host shows and what it does not, printed before anything is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from podtwin.cli.output import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from podcore.frame import BirthPoint
    from podtwin.agent.host.collector import Sight


def show_sight(
    runs_in: Sequence[str],
    sight: Sight,
    points: Mapping[str, BirthPoint],
    values: Mapping[str, float],
) -> None:
    """Points with what they are now and where from; then what is absent, why, and the way out."""
    for sentence in runs_in:
        typer.echo(f"Runs in {sentence}.")
    rows = [
        {
            "point": points[each.point].id,
            "now": shown_value(values.get(each.point)),
            "unit": points[each.point].unit,
            "from": each.source,
        }
        for each in sight.seen
    ]
    if rows:
        typer.echo()
        print_table(rows, right={"now"})
    if sight.absent:
        typer.echo("\nNot seen:")
    for absent in sight.absent:
        way_out = f"; {absent.way_out}" if absent.way_out else ""
        typer.echo(f"  {absent.point}: {absent.why}{way_out}")


def sight_as_json(
    runs_in: Sequence[str],
    sight: Sight,
    points: Mapping[str, BirthPoint],
    values: Mapping[str, float],
) -> dict[str, object]:
    """The same, for programs."""
    seen = [
        {
            "id": points[each.point].id,
            "value": values.get(each.point),
            "unit": points[each.point].unit,
            "source": each.source,
        }
        for each in sight.seen
    ]
    absent = [{"point": a.point, "why": a.why, "way_out": a.way_out} for a in sight.absent]
    return {"runs_in": list(runs_in), "points": seen, "absent": absent}


def shown_value(value: float | None) -> str:
    """A value for people, `-` for none."""
    return "-" if value is None else f"{value:,.1f}"
