"""What a host shows and what it does not, printed before anything is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from podtwin.cli.output import Output, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from podcore.frame import BirthPoint
    from podtwin.agent.host.collector import Sight


def show_sight(
    runs_in: Sequence[str],
    sight: Sight,
    points: Mapping[str, BirthPoint],
    values: Mapping[str, float],
    output: Output,
) -> None:
    """Points with what they are now and where from; then what is absent, why, and the way out."""
    if output is Output.JSON:
        print_json(_as_json(runs_in, sight, points, values))
        return
    for sentence in runs_in:
        typer.echo(f"Runs in {sentence}.")
    rows = [
        (points[s.point].id, _shown(values.get(s.point)), points[s.point].unit, s.source)
        for s in sight.seen
    ]
    if rows:
        typer.echo()
        _table(("point", "now", "unit", "from"), rows)
    if sight.absent:
        typer.echo("\nNot seen:")
    for absent in sight.absent:
        way_out = f"; {absent.way_out}" if absent.way_out else ""
        typer.echo(f"  {absent.point}: {absent.why}{way_out}")


def _as_json(
    runs_in: Sequence[str],
    sight: Sight,
    points: Mapping[str, BirthPoint],
    values: Mapping[str, float],
) -> dict[str, object]:
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


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (
            cell.rjust(width) if index == 1 else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        typer.echo("  ".join(cells).rstrip())


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
