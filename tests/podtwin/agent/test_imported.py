"""Exported files as streams: whole, the same each time, and back to the rows they came from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from support.data_dirs import filled
from support.engine_logs import START_NS, air_dx
from support.frames import NS, reading
from support.ingesting import HandClock, Ingest
from typer.testing import CliRunner

from ingest.native import encode_birth
from podcore.errors import ConfigError
from podcore.frame import Flag, Source
from podcore.topic import Topic, TopicKind
from podtwin.agent import spool as spooling
from podtwin.agent.imported import ImportedSite, imported, parse_units, renamed
from podtwin.agent.long_files import pieces_of
from podtwin.agent.spool import Spool, spool
from podtwin.cli import export as export_module

RUNNER = CliRunner()
EXPORT = typer.Typer()
EXPORT.command()(export_module.export)
SECONDS = 700  # two blocks of messages


def export(data_dir: Path, out: Path, *arguments: str) -> pl.DataFrame:
    span = ("--from", "2000-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z")
    given = ["*", *span, "--out", str(out), "--data-dir", str(data_dir), *arguments]
    done = RUNNER.invoke(EXPORT, given)
    assert done.exit_code == 0, done.output
    rows = pl.concat(list(pieces_of(out)))
    return rows.sort("site", "asset", "point", "ts")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites; one point is sampled every tenth second, an other is out of its range."""
    mine = [
        reading(
            {"meter-main/power": 20_000.0 + k / 3, "rack-01/inlet_temp": -300.0}
            | ({"crac-1/filter_pressure_difference": float(k)} if k % 10 == 0 else {}),
            START_NS + k * NS,
            flags=Flag.RECORDED,
        )
        for k in range(SECONDS)
    ]
    others = [
        reading({"rack-01/inlet_temp": 30.0}, START_NS + k * NS, site="cph-01", flags=Flag.RECORDED)
        for k in range(5)
    ]
    return filled(tmp_path_factory.mktemp("lived") / "data", [*mine, *others], air_dx())


def streams(
    files: Sequence[Path], folder: Path, units: dict[str, str] | None = None, **names: str
) -> list[ImportedSite]:
    folder.mkdir(exist_ok=True)
    sites = spool(files, folder).sites
    renaming = {old.replace("_", "-"): new for old, new in names.items()}
    return list(imported([sites[s] for s in sorted(sites)], files, "import", renaming, units or {}))


def take_in(found: Sequence[ImportedSite], folder: Path, *, twice: bool = False) -> Ingest:
    """What an empty PodTwin makes of the streams."""
    ingest = Ingest(folder, discover=True, clock=HandClock(START_NS + 86_400 * NS))
    for stream in found:
        birth = encode_birth(stream.boot, START_NS, 1, recorded=True, points=stream.points)
        ingest.send(str(Topic(stream.site, stream.node, TopicKind.BIRTH)), birth)
        for _ in range(2 if twice else 1):
            for message in all_messages(stream):
                ingest.send(str(Topic(stream.site, stream.node, TopicKind.TELEMETRY)), message)
    ingest.finish()
    return ingest


def all_messages(stream: ImportedSite) -> Iterator[bytes]:
    backlog, after = stream.backlog(), 0
    while messages := backlog.read(after, 300):
        yield from (message.payload for message in messages)
        after = messages[-1].seq


@pytest.mark.parametrize("form", ("csv", "parquet", "arrows"))
def test_what_is_exported_imported_and_exported_again_is_the_same(
    data_dir: Path, tmp_path: Path, form: str
) -> None:
    before = export(data_dir, tmp_path / f"a.{form}")
    found = streams([tmp_path / f"a.{form}"], tmp_path / "spool")
    ledger = take_in(found, tmp_path / "other").writer.ledger()
    after = export(tmp_path / "other", tmp_path / f"b.{form}")
    assert before.height == SECONDS * 2 + SECONDS // 10 + 5
    assert_frame_equal(after, before)
    assert (ledger.dead, ledger.readings_dead, ledger.stored) == (0, 0, SECONDS + 5)


def test_flags_are_worked_out_anew_and_all_of_it_is_recorded(
    data_dir: Path, tmp_path: Path
) -> None:
    export(data_dir, tmp_path / "a.parquet")
    take_in(streams([tmp_path / "a.parquet"], tmp_path / "spool"), tmp_path / "other")
    export(tmp_path / "other", tmp_path / "b.parquet")
    flags = pl.read_parquet(tmp_path / "b.parquet").group_by("point").agg(pl.col("flags").unique())
    recorded, outside = int(Flag.RECORDED), int(Flag.RECORDED | Flag.OUT_OF_RANGE)
    by_point = {point: set(found) for point, found in flags.iter_rows()}
    assert by_point["power"] == {recorded}
    assert by_point["inlet_temp"] == {recorded, outside}  # of two sites


def test_the_same_files_are_the_same_stream_and_sent_twice_are_stored_once(
    data_dir: Path, tmp_path: Path
) -> None:
    export(data_dir, tmp_path / "a.parquet")
    one = streams([tmp_path / "a.parquet"], tmp_path / "one")
    two = streams([tmp_path / "a.parquet"], tmp_path / "two")
    assert [each.boot for each in one] == [each.boot for each in two]
    assert len({each.boot for each in one}) == 2
    assert [list(all_messages(each)) for each in one] == [list(all_messages(e)) for e in two]
    ledger = take_in(one, tmp_path / "other", twice=True).writer.ledger()
    assert (ledger.stored, ledger.duplicate) == (SECONDS + 5, SECONDS + 5)


def test_a_site_may_get_another_name(data_dir: Path, tmp_path: Path) -> None:
    export(data_dir, tmp_path / "a.csv")
    found = streams([tmp_path / "a.csv"], tmp_path / "spool", ams_03="lab-01")
    plain = streams([tmp_path / "a.csv"], tmp_path / "other")
    assert [each.site for each in found] == ["lab-01", "cph-01"]
    assert found[0].boot != plain[0].boot
    assert found[1].boot == plain[1].boot


def test_a_unit_put_right_is_another_stream_of_that_site_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = "2026-11-24T00:00:00Z,lab,probe,t,1\n2026-11-24T00:00:00Z,cph-01,meter-main,power,1\n"
    file.write_text("ts,site,asset,point,value\n" + rows)
    made = spool([file], tmp_path)
    boots = [
        {e.site: e.boot for e in imported(made.sites.values(), [file], "n", {}, {"probe/t": unit})}
        for unit in ("K", "Cel")
    ]
    assert boots[0]["lab"] != boots[1]["lab"]
    assert boots[0]["cph-01"] == boots[1]["cph-01"]


def test_a_birth_says_how_often_each_point_is_sampled(data_dir: Path, tmp_path: Path) -> None:
    export(data_dir, tmp_path / "a.csv")
    points = streams([tmp_path / "a.csv"], tmp_path / "spool")[0].points
    assert {(p.id, p.quantity, p.unit, p.period_s) for p in points} == {
        ("meter-main/power", "power", "W", 1.0),
        ("rack-01/inlet_temp", "temperature", "Cel", 1.0),
        ("crac-1/filter_pressure_difference", "pressure_difference", "Pa", 10.0),
    }


def test_only_what_is_measured_is_sent_and_the_rest_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "ts,site,asset,point,source,value\n"
        "2026-11-24T00:00:00Z,ams-03,meter-main,power,measured,1\n"
        "2026-11-24T00:00:00Z,ams-03,meter-main,power,twin,2\n"
        "2026-11-24T00:00:01Z,ams-03,meter-main,power,measured,\n"
        "2026-11-24T00:00:02Z,ams-03,meter-main,power,measured,inf\n"
        "2026-11-24T00:00:02Z,ams-03,meter-main,power,forecast,3\n"
    )
    made = spool([file], tmp_path)
    assert (made.rows, made.sites["ams-03"].rows) == (5, 1)
    assert dict(made.skipped) == {"twin": 1, "forecast": 1, spooling.NO_VALUE: 2}


def test_of_two_files_that_overlap_each_instant_is_one_message(tmp_path: Path) -> None:
    head = "ts,asset,point,value\n"
    rows = [f"2026-11-24T00:00:{k:02d}Z,meter-main,power,{k}\n" for k in range(20)]
    (tmp_path / "a.csv").write_text(head + "".join(rows[:12]))
    (tmp_path / "b.csv").write_text(head + "".join(rows[8:]))
    made = spool([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path, "lab")
    stream = next(imported(made.sites.values(), [tmp_path / "a.csv"], "import", {}, {}))
    assert (len(stream.ts_ns), len(list(all_messages(stream)))) == (20, 20)


@settings(max_examples=20, deadline=None)
@given(seconds=st.lists(st.integers(0, 3_000), min_size=1, max_size=200), piece=st.integers(1, 60))
def test_messages_are_in_order_of_time_however_the_rows_lie(
    seconds: list[int], piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    ts = [START_NS + second * NS for second in seconds]
    rows = pl.DataFrame({"ts": ts, "asset": "meter-main", "point": "power", "value": seconds})
    made = Spool()
    for start in range(0, len(ts), piece):
        part = rows.slice(start, piece)
        spooling._add(made, spooling._measured(part, folder, "lab", made.skipped), folder)  # noqa: SLF001
    (folder / "a").touch()
    stream = next(imported(made.sites.values(), [folder / "a"], "import", {}, {}))
    assert stream.ts_ns.to_list() == sorted(set(ts))
    assert len(list(all_messages(stream))) == len(set(ts))
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("row", "words"),
    (
        ("2026-11-24T00:00:00Z,Ams,meter-main,power,1", "site is 'Ams'"),
        ("2026-11-24T00:00:00Z,ams-03,meter main,power,1", "point is 'meter main/power'"),
        ("yesterday,ams-03,meter-main,power,1", "a.csv: ts is 'yesterday': a time is RFC 3339"),
        ("2026-11-24T00:00:00Z,ams-03,probe,x1,1", "nothing says what is measured at 1 of its"),
    ),
)
def test_what_cannot_be_sent_is_said_before_anything_is(
    tmp_path: Path, row: str, words: str
) -> None:
    (tmp_path / "a.csv").write_text(f"ts,site,asset,point,value\n{row}\n")
    with pytest.raises(ConfigError, match=words):
        streams([tmp_path / "a.csv"], tmp_path)


def test_a_point_that_no_class_knows_gets_its_unit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ts,site,asset,point,value\n2026-11-24T00:00:00Z,s,p,x1,1\n")
    (point,) = streams([tmp_path / "a.csv"], tmp_path, parse_units(["p/x1=Cel"]))[0].points
    assert (point.quantity, point.unit) == ("temperature", "Cel")
    with pytest.raises(ConfigError, match="--unit p/x1 is 'psi': is no unit that is accepted"):
        streams([tmp_path / "a.csv"], tmp_path, parse_units(["p/x1=psi"]))


@pytest.mark.parametrize(
    ("texts", "sites", "words"),
    (
        (["lab"], ["a", "b"], "the files hold 2 sites: a, b"),
        (["c=lab"], ["a", "b"], "is no site of the files, which hold a, b"),
        (["a=Lab"], ["a", "b"], "--site is 'Lab'"),
        (["a=b"], ["a", "b"], "two sites would become one"),
    ),
)
def test_a_name_that_cannot_be_given_is_refused(
    texts: list[str], sites: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        renamed(texts, sites)


def test_names_that_can_be_given() -> None:
    assert renamed(["lab"], ["a"]) == {"a": "lab"}
    assert renamed(["a=b", "b=a"], ["a", "b"]) == {"a": "b", "b": "a"}
    assert renamed([], ["a"]) == {}


def test_source_is_a_word_of_ours() -> None:
    assert Source.MEASURED.word == spooling.MEASURED


@pytest.mark.parametrize("text", ("x1=Cel", "p/x1", "p/x1="))
def test_a_unit_without_its_point_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--unit"):
        parse_units([text])
