"""The page about site files: its examples load, its tables name every key."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from support.documents import Block, blocks, rows, section

from podcore.errors import ConfigError
from podcore.site import (
    AssetFile,
    Limits,
    Location,
    PointOverride,
    SiteFile,
    SiteType,
    Supply,
    TwinFile,
)
from podtwin.config.sites import load_site_files
from twin.parameters import PARAMETERS, Parameter
from twin.site_model import check

PAGE = "docs/sites.md"
EXAMPLES = [block for block in blocks("yaml") if "schema: podtwin/site/1" in block.text]

MISTAKEN = """\
schema: podtwin/site/1
id: ams-04
type: {type}
assets:
  - {{id: "rack-[01-03]", class: rack{rack}}}
  - {{id: crac-1, class: crac, {crac}}}
"""
MISTAKES = (
    {"crac": 'cools: ["rack-[01-04]"]'},
    {"crac": "ratng: {}"},
    {"crac": "points: {supply_air_temp: {unit: psi}}"},
    {"crac": "rating: {}", "type": "air-dz"},
    {"crac": "feeds: [rack-01]", "rack": ", feeds: [crac-1]"},
)


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.page)
def test_a_site_of_the_documents_loads(block: Block, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(block.text, encoding="utf-8")
    loaded = load_site_files(tmp_path / "site.yaml")
    assert loaded
    for site, _ in loaded:
        check(site)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_as_the_page_says(mistake: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(MISTAKEN.format(**{"type": "air-dx", "rack": "", **mistake}), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_site_files(file)
    told = str(caught.value).replace(f"{tmp_path}/", "")
    assert told in section(PAGE, "## Mistakes").splitlines()


@pytest.mark.parametrize(
    ("struct", "heading"),
    (
        (SiteFile, "## The site"),
        (Location, "## The site"),
        (Limits, "## The site"),
        (Supply, "## The site"),
        (AssetFile, "## Assets"),
        (PointOverride, "## Points"),
        (TwinFile, "## The twin"),
    ),
)
def test_every_key_stands_in_its_section(struct: type[msgspec.Struct], heading: str) -> None:
    words = set(re.findall(r"`([a-z_]+)`", section(PAGE, heading)))
    keys = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert keys - words == set()


def test_every_type_stands_there() -> None:
    shown = [row[0] for row in rows(section(PAGE, "## The site")) if len(row) == 4]
    assert shown == [each.value for each in SiteType]


def parameter_line(parameter: Parameter) -> str:
    types = ", ".join(f"`{each.value}`" for each, known in PARAMETERS.items() if parameter in known)
    rated, how = parameter.rated, "-"
    if rated is not None:
        how = f"`{rated.rating}` of `{rated.asset_class}`, {'mean' if rated.mean else 'sum'}"
    cells = (f"`{parameter.name}`", parameter.unit, number(parameter.mean), number(parameter.sd))
    return f"| {' | '.join(cells)} | {types} | {how} |"


def number(value: float) -> str:
    return f"{value:g}".replace("e+0", "e").replace("e-0", "e-")


def test_every_parameter_stands_there_with_its_default() -> None:
    lines = section(PAGE, "## The twin").splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith("| parameter "))
    shown = [line for line in lines[head + 2 :] if line.startswith("| `")]
    each = dict.fromkeys(parameter for known in PARAMETERS.values() for parameter in known)
    expected = [parameter_line(parameter) for parameter in each]
    assert shown == expected, "the table of docs/sites.md should be:\n" + "\n".join(expected)
