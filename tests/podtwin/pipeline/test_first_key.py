from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.api import SetClock

from podcore.access import Scope, digest_of
from podcore.errors import ConfigError
from podtwin.api.deps import Access
from podtwin.pipeline.first_key import guarded, make_first_key
from podtwin.store.keys import Keys
from podtwin.store.state import StateStore

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what these tests are about


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    store = StateStore(tmp_path / "state.db")
    yield Keys(store)
    store.close()


def test_on_this_machine_no_key_is_asked_for_and_none_is_made(keys: Keys, tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert not guarded(Access(), host, keys, tmp_path / "keys", SetClock()).required
    assert keys.all() == []
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("access", (Access(), Access(required=True)))
def test_beyond_it_the_first_key_is_made_and_only_its_owner_may_read_it(
    access: Access, keys: Keys, tmp_path: Path
) -> None:
    host = "127.0.0.1" if access.required else EVERYWHERE
    with capture_logs() as logs:
        assert guarded(access, host, keys, tmp_path / "keys", SetClock()).required
    path = tmp_path / "keys" / "admin"
    token = path.read_text().strip()
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert oct(path.parent.stat().st_mode)[-3:] == "700"
    (made,) = keys.all()
    assert (made.name, made.scope, made.digest) == ("admin", Scope.ADMIN, digest_of(token))
    (line,) = logs
    assert (line["event"], line["file"]) == ("first_key_made", str(path))
    assert token not in str(logs)
    assert token.rpartition("_")[2] not in str(logs)


def test_it_is_made_once(keys: Keys, tmp_path: Path) -> None:
    assert make_first_key(keys, tmp_path / "keys", 10) is not None
    assert make_first_key(keys, tmp_path / "keys", 20) is None
    assert len(keys.all()) == 1


def test_another_is_made_when_nobody_can_make_keys_any_more(keys: Keys, tmp_path: Path) -> None:
    make_first_key(keys, tmp_path / "keys", 10)
    (first,) = keys.all()
    keys.revoke(first.id, "kim", 20)
    assert make_first_key(keys, tmp_path / "keys", 30) == tmp_path / "keys" / "admin"
    _, second = keys.all()
    assert second.digest == digest_of((tmp_path / "keys" / "admin").read_text().strip())


def test_a_name_that_is_taken_is_counted_on(keys: Keys, tmp_path: Path) -> None:
    make_first_key(keys, tmp_path / "keys", 10)
    (first,) = keys.all()
    keys.revoke(first.id, "kim", 20)
    keys.add(replace(first, id="02" * 8, scope=Scope.READ))
    make_first_key(keys, tmp_path / "keys", 30)
    assert [key.name for key in keys.all()] == ["admin", "admin", "admin-2"]


def test_where_it_cannot_be_written_the_start_is_refused_with_the_way_out(
    keys: Keys, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("a file is in the way")
    with pytest.raises(ConfigError, match=r"first key cannot be written.*ssh -L"):
        guarded(Access(), EVERYWHERE, keys, tmp_path / "keys", SetClock())
    assert keys.all() == []
