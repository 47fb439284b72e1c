"""Recordings: what goes in comes out; what is no recording, or not all of one, is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, command, config, reading, tick
from support.memory_checkpoints import MemoryCheckpoints
from support.memory_history import MemoryHistory
from support.memory_log import MemoryLog

from podcore.errors import ConfigError
from podcore.frame import Frame, Source
from podcore.ports import Checkpoint, LogReader, SeriesQuery
from podcore.site import Site, SiteType
from podtwin.store import frames_file, recording, recording_files, recording_writer
from podtwin.store.frames_file import FramesFile, write_frames
from podtwin.store.recording import Facts, Origin, Recording, Summary, write_recording
from podtwin.store.recording_machine import this_machine

AT = MIDNIGHT_NS + 86_399 * NS - 10 * NS
FACTS = Facts("0.1.0", MIDNIGHT_NS, this_machine(), {"ams-03": "d1", "cph-01": ""})
AMS, CPH = (Site(name, SiteType.NONE, name) for name in ("ams-03", "cph-01"))


def frames_of_two_sites(count: int = 20) -> list[Frame]:
    """Two configured sites, then for each second a tick and a reading of each."""
    frames = [config(AMS, AT), config(CPH, AT)]
    for k in range(count):
        at = AT + k * NS
        frames += [tick(at), *(reading({"a/x": float(k)}, at, site=s, seq=k) for s in SITES)]
    return frames


SITES = ("ams-03", "cph-01")


def checkpoint(site: str, offset: int) -> Checkpoint:
    return Checkpoint(site, offset, AT, f"{site} at {offset}".encode())


class Recorder:
    """A data directory to record from, and the folder that recordings go to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = MemoryLog()
        self.derived = MemoryLog()
        self.checkpoints = MemoryCheckpoints()

    def record(
        self, name: str = "one", from_ns: int | None = None, to_ns: int | None = None
    ) -> Summary:
        origin = Origin(self.log, self.derived, self.checkpoints, (AMS, CPH))
        return write_recording(origin, origin.choose(from_ns, to_ns), self.folder / name, FACTS)

    def open(self, name: str = "one") -> Recording:
        return Recording(self.folder / name)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    recorder = Recorder(tmp_path)
    recorder.log.append(frames_of_two_sites())
    return recorder


def all_of(log: LogReader, limit: int = 7) -> list[Frame]:
    found: list[Frame] = []
    after = log.first_offset() - 1
    while frames := log.read(after, limit):
        found += frames
        after = frames[-1].offset
    return found


@pytest.mark.parametrize("name", ("one", "one.zip"))
@pytest.mark.parametrize("limit", (1, 7, 2_000))
def test_the_frames_come_out_as_they_went_in(recorder: Recorder, name: str, limit: int) -> None:
    recorder.record(name)
    with recorder.open(name) as opened:
        assert all_of(opened, limit) == recorder.log.frames
        assert (opened.first_offset(), opened.last_offset()) == (1, 62)
        assert opened.read(62, 1) == []


def test_a_recording_from_the_beginning_has_no_checkpoints(recorder: Recorder) -> None:
    recorder.checkpoints = MemoryCheckpoints([checkpoint(site, 30) for site in SITES])
    assert recorder.record().checkpoints == 0
    assert recorder.open().checkpoints() == []


def test_from_goes_back_to_the_checkpoint_before_it(recorder: Recorder) -> None:
    held = [checkpoint(site, offset) for site in SITES for offset in (20, 30, 50)]
    recorder.checkpoints = MemoryCheckpoints(held)
    recorder.record(from_ns=AT + 12 * NS)
    opened = recorder.open()
    assert opened.checkpoints() == [checkpoint(site, 30) for site in SITES]
    assert all_of(opened) == [frame for frame in recorder.log.frames if frame.offset > 30]


def test_it_begins_after_the_oldest_of_the_sites_checkpoints(recorder: Recorder) -> None:
    held = [checkpoint("ams-03", 25), checkpoint("cph-01", 33)]
    recorder.checkpoints = MemoryCheckpoints(held)
    recorder.record(from_ns=AT + 12 * NS)
    opened = recorder.open()
    assert opened.checkpoints() == held
    assert opened.first_offset() == 26


def test_a_site_without_a_checkpoint_goes_on_from_its_configuration(recorder: Recorder) -> None:
    recorder.checkpoints = MemoryCheckpoints([checkpoint("ams-03", 30)])
    recorder.record(from_ns=AT + 12 * NS)
    opened = recorder.open()
    assert opened.first_offset() == 2
    assert [c.site for c in opened.checkpoints()] == ["ams-03"]


def test_without_any_checkpoint_it_begins_with_the_log(recorder: Recorder) -> None:
    recorder.record(from_ns=AT + 12 * NS)
    assert recorder.open().first_offset() == 1


def test_to_is_where_it_ends(recorder: Recorder) -> None:
    recorder.record(to_ns=AT + 2 * NS)
    opened = recorder.open()
    assert opened.last_offset() == 8
    assert opened.manifest.to_ns < AT + 2 * NS


def test_from_a_trimmed_log_all_that_has_a_start_is_recorded(recorder: Recorder) -> None:
    held = [checkpoint("ams-03", 10), checkpoint("ams-03", 40), checkpoint("cph-01", 44)]
    recorder.checkpoints = MemoryCheckpoints(held)
    recorder.log.trim(20)
    recorder.record()
    opened = recorder.open()
    assert opened.first_offset() == 41
    assert opened.checkpoints() == held[1:]


def test_a_range_that_the_log_no_longer_holds_is_refused_with_what_it_holds(
    recorder: Recorder,
) -> None:
    recorder.checkpoints = MemoryCheckpoints([checkpoint(site, 40) for site in SITES])
    recorder.log.trim(20)
    with pytest.raises(ConfigError, match=r"2026-11-24T23:59:55Z to \S+Z \(offsets 21 to 62\)"):
        recorder.record(from_ns=AT)
    with pytest.raises(ConfigError, match="not that"):
        recorder.record(from_ns=AT + 999 * NS)
    assert list(recorder.folder.iterdir()) == []


def test_a_range_before_the_first_checkpoint_is_refused_with_the_first_that_is_possible(
    recorder: Recorder,
) -> None:
    recorder.checkpoints = MemoryCheckpoints([checkpoint(site, 40) for site in SITES])
    recorder.log.trim(20)
    with pytest.raises(ConfigError, match=r"take --from 2026-11-25T00:00:01\.005Z or later"):
        recorder.record(from_ns=AT + 8 * NS)
    recorder.record(from_ns=AT + 13 * NS)


def test_a_trimmed_log_without_checkpoints_says_what_to_wait_for(recorder: Recorder) -> None:
    recorder.log.trim(20)
    with pytest.raises(ConfigError, match="wait for the engine's next checkpoint"):
        recorder.record()


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no Frames yet"):
        Recorder(tmp_path).record()


def test_what_exists_is_not_overwritten(recorder: Recorder) -> None:
    recorder.record()
    with pytest.raises(ConfigError, match="exists already"):
        recorder.record()


def test_a_recording_that_fails_leaves_nothing(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(recording_files, "write_manifest", full)
    with pytest.raises(OSError, match="no space"):
        recorder.record()
    assert list(recorder.folder.iterdir()) == []


def test_a_log_that_grows_meanwhile_does_not_grow_the_recording(recorder: Recorder) -> None:
    origin = Origin(recorder.log, recorder.derived, recorder.checkpoints, (AMS, CPH))
    chosen = origin.choose()
    recorder.log.append([tick(AT + 99 * NS)])
    write_recording(origin, chosen, recorder.folder / "one", FACTS)
    assert recorder.open().last_offset() == 62


def test_the_manifest_says_what_there_is(recorder: Recorder) -> None:
    summary = recorder.record()
    content = json.loads((recorder.folder / "one/manifest.json").read_text())
    assert content["schema"] == "podtwin/recording/1"
    assert [site["id"] for site in content["sites"]] == ["ams-03", "cph-01"]
    assert (content["frames"], content["values"]) == (62, 40)
    assert content["parameter_digests"] == {"ams-03": "d1"}
    assert content["machine"]["cpu_features"]
    assert recorder.open().manifest == summary.manifest
    assert recorder.open().bookmarks() == []


def test_a_site_stands_in_the_manifest_as_it_was_configured_last(recorder: Recorder) -> None:
    renamed = msgspec.structs.replace(AMS, name="after the move")
    recorder.log.append([config(renamed, AT + 99 * NS)])
    recorder.record()
    assert recorder.open().manifest.sites[0].name == "after the move"


def test_commands_stand_behind_their_cause_and_are_read_with_it(recorder: Recorder) -> None:
    given = [command("ams-03", AT, cause=cause) for cause in (9, 5, 5)]
    recorder.derived.append(given)
    recorder.record()
    opened = recorder.open()
    for limit in (1, 2, 3, 50):
        found = all_of(opened, limit)
        assert [f.offset for f in found[4:8]] == [5, 5, 5, 6]
        assert [f.offset for f in found] == sorted([*range(1, 63), 5, 5, 9])
    assert [f.offset for f in opened.read(4, 1)] == [5, 5, 5]
    assert [f.offset for f in opened.read(3, 2)] == [4]


def test_the_points_are_a_history(recorder: Recorder) -> None:
    twin = reading({"a/x": 5.5}, AT, source=Source.TWIN, sd=[0.5], cause=4)
    outside = reading({"a/x": 6.5}, AT + NS, source=Source.TWIN, sd=[0.5], cause=40)
    recorder.derived.append([twin, outside])
    recorder.record(to_ns=AT + 3 * NS)
    opened = recorder.open()
    expected = MemoryHistory([*all_of(opened), twin])
    query = SeriesQuery("ams-03", (), 0, 2**62, (Source.MEASURED, Source.TWIN))
    assert opened.history().series(query) == expected.series(query)
    assert opened.history().sites() == ["ams-03", "cph-01"]


def test_points_are_flushed_in_between(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "MAX_VALUES", 3)
    summary = recorder.record()
    assert summary.manifest.values == 40
    expected = MemoryHistory(recorder.log.frames)
    query = SeriesQuery("ams-03", (), 0, 2**62)
    assert recorder.open().history().series(query) == expected.series(query)


@given(
    counts=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    gaps=st.integers(1, 3),
    group=st.integers(4, 9),
    reads=st.lists(st.tuples(st.integers(-1, 130), st.integers(1, 9)), max_size=12),
)
def test_a_frames_file_answers_like_a_log_wherever_it_is_asked(
    tmp_path_factory: pytest.TempPathFactory,
    counts: list[int],
    gaps: int,
    group: int,
    reads: list[tuple[int, int]],
) -> None:
    offsets = [k * gaps + 1 for k, count in enumerate(counts) for _ in range(count)]
    frames = [msgspec.structs.replace(tick(k), offset=o) for k, o in enumerate(offsets)]
    path = tmp_path_factory.mktemp("frames") / "frames.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames_file, "GROUP_FRAMES", group)
        write_frames(iter([frames]), path)
        opened = FramesFile(path, len(frames))
        for after, limit in reads:
            found = opened.read(after, limit)
            rest = [frame for frame in frames if frame.offset > after]
            assert found == rest[: len(found)]
            assert bool(found) == bool(rest)
            assert len(found) <= max(limit, 3)
            assert not rest[len(found) :] or rest[len(found)].offset > found[-1].offset
        assert all_of(opened) == frames


def damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{not json")


def make_foreign(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"schema": "somebody/else/1"}')


def make_newer(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text()) | {"schema": "podtwin/recording/2"}
    (folder / "manifest.json").write_text(json.dumps(content))


def nest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[" * 100_000)


def make_incomplete(folder: Path) -> None:
    (folder / "frames.parquet").unlink()


def cut(folder: Path) -> None:
    content = (folder / "frames.parquet").read_bytes()
    (folder / "frames.parquet").write_bytes(content[: len(content) // 2])


def drop_frames(folder: Path) -> None:
    pl.read_parquet(folder / "frames.parquet").head(9).write_parquet(folder / "frames.parquet")


def spoil_checkpoints(folder: Path) -> None:
    (folder / "checkpoints.msgpack").write_bytes(b"\xc1\xff")


def lose_checkpoints(folder: Path) -> None:
    (folder / "checkpoints.msgpack").unlink()


@pytest.mark.parametrize(
    ("harm", "message"),
    (
        (damage_manifest, "manifest.json: is no manifest"),
        (make_foreign, "schema is 'somebody/else/1': must be podtwin/recording/1"),
        (make_newer, "reads up to podtwin/recording/1; replay it with the PodTwin that made it"),
        (nest, "manifest.json: "),
        (make_incomplete, "frames.parquet: cannot be read"),
        (cut, "frames.parquet: cannot be read"),
        (drop_frames, "holds 9 Frames where the manifest says 62"),
        (spoil_checkpoints, "checkpoints.msgpack: cannot be read"),
        (lose_checkpoints, "checkpoints.msgpack: is missing"),
    ),
)
def test_what_is_no_whole_recording_is_refused_with_the_place_and_the_way_out(
    recorder: Recorder, harm: Callable[[Path], None], message: str
) -> None:
    recorder.record()
    harm(recorder.folder / "one")
    with pytest.raises(ConfigError) as caught:
        recorder.open()
    assert message in str(caught.value)
    assert caught.value.way_out


def test_frames_out_of_order_are_refused_where_they_are_read(recorder: Recorder) -> None:
    recorder.record()
    file = recorder.folder / "one/frames.parquet"
    pl.read_parquet(file).sample(fraction=1, shuffle=True, seed=1).write_parquet(file)
    with pytest.raises(ConfigError, match="out of order"):
        all_of(recorder.open())


def test_an_unknown_kind_is_refused_where_it_is_read(recorder: Recorder) -> None:
    recorder.record()
    file = recorder.folder / "one/frames.parquet"
    pl.read_parquet(file).with_columns(kind=pl.lit(99, pl.UInt8)).write_parquet(file)
    with pytest.raises(ConfigError, match="unknown kind or source 99"):
        all_of(recorder.open())


def test_a_path_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such recording"):
        Recording(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"manifest\.json: is missing"):
        Recording(tmp_path)


def pack(path: Path, members: Sequence[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members:
            packed.writestr(name, content)
    return path


def test_garbage_that_calls_itself_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and then nothing of the kind" * 50)
    with pytest.raises(ConfigError, match="is no archive that can be read"):
        Recording(tmp_path / "a.zip")


def test_an_archive_writes_nowhere_but_into_its_own_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch" / "deep"
    scratch.mkdir(parents=True)
    names = ("../evil", "/tmp/evil", "points/../../evil.parquet", "a/../../manifest.json", "evil")
    archive = pack(tmp_path / "a.zip", [(name, b"{}") for name in names])
    with pytest.raises(ConfigError, match="manifest"):
        Recording(archive, scratch)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]
    assert list(scratch.iterdir()) == []


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MAX_UNPACKED_BYTES", 1_000)
    archive = pack(tmp_path / "a.zip", [("frames.parquet", bytes(2_000))])
    with pytest.raises(ConfigError, match="at most"):
        Recording(archive)


def test_a_folder_that_somebody_packed_whole_is_opened(recorder: Recorder) -> None:
    recorder.record()
    whole = recorder.folder / "one"
    files = [p for p in whole.rglob("*") if p.is_file()]
    archive = pack(
        recorder.folder / "packed.zip",
        [(f"mine/{path.relative_to(whole).as_posix()}", path.read_bytes()) for path in files],
    )
    with Recording(archive, recorder.folder) as opened:
        assert all_of(opened) == recorder.log.frames
        assert len(opened.history().sites()) == 2
    assert not list(recorder.folder.glob("podtwin-recording-*"))
