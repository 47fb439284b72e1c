from __future__ import annotations

from pathlib import Path

import pytest

from podtwin._guard import PACKAGES, Clash, Located, Reason, find_clash, locate, start_up_clash

HOME = Path("/site-packages")


def ours(name: str) -> Located:
    return Located(name, HOME / name / "__init__.py", promised="abc", found="abc")


def test_six_packages_side_by_side_are_no_clash() -> None:
    assert find_clash([ours(name) for name in PACKAGES], HOME) is None


def test_a_checkout_in_place_records_no_digests_and_is_no_clash() -> None:
    assert find_clash([Located("twin", HOME / "twin" / "__init__.py", None, "x")], HOME) is None


@pytest.mark.parametrize(
    ("found", "reason"),
    (
        (Located("analytics", None), Reason.MISSING),
        (Located("analytics", Path("/elsewhere/analytics/__init__.py")), Reason.SHADOWED),
        (Located("analytics", Path("/site-packages/analytics.py")), Reason.SHADOWED),
        (
            Located("analytics", HOME / "analytics" / "__init__.py", "ours", "theirs"),
            Reason.OVERWRITTEN,
        ),
    ),
    ids=lambda case: case.value if isinstance(case, Reason) else "",
)
def test_a_package_that_is_not_ours_is_named_with_its_reason(
    found: Located, reason: Reason
) -> None:
    clash = find_clash([ours("podcore"), found], HOME)
    assert clash == Clash("analytics", reason, found.file, HOME / "analytics" / "__init__.py")


def test_the_message_says_which_file_where_ours_belongs_and_what_to_do() -> None:
    theirs = Path("/elsewhere/analytics/__init__.py")
    message = str(find_clash([Located("analytics", theirs)], HOME))
    assert "'analytics'" in message
    assert str(theirs) in message
    assert str(HOME / "analytics" / "__init__.py") in message
    assert "environment of its own" in message


def install(folder: Path, names: tuple[str, ...] = PACKAGES, text: str = '"""Ours."""\n') -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text)


def test_a_package_earlier_on_the_path_is_seen(tmp_path: Path) -> None:
    home, earlier = tmp_path / "home", tmp_path / "earlier"
    install(home)
    install(earlier, ("analytics",))
    clash = find_clash(locate(home, [str(earlier), str(home)]), home)
    assert clash is not None
    assert (clash.name, clash.reason) == ("analytics", Reason.SHADOWED)


def test_a_file_other_than_the_one_we_installed_is_seen(tmp_path: Path) -> None:
    install(tmp_path)
    info = tmp_path / "podtwin-0.1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("twin/__init__.py,sha256=0000,9\npodtwin/cli/__init__.py,,\n")
    clash = find_clash(locate(tmp_path, [str(tmp_path)]), tmp_path)
    assert clash is not None
    assert (clash.name, clash.reason) == ("twin", Reason.OVERWRITTEN)


def test_this_very_installation_is_sound() -> None:
    assert start_up_clash() is None
