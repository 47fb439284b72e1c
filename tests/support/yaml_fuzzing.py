"""Fuzzing of the files that an operator writes: read, or refused with a place, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from support.mutations import mutated
from support.sources import ROOT

from podcore.errors import ConfigError
from podtwin.config.mapping import read_mapping
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import Document, read_documents

_SITES = (*sorted(ROOT.glob("deploy/podtwin/demo/*.yaml")), ROOT / "podtwin/templates/air-dx.yaml")
_MAPS = tuple(sorted(ROOT.glob("tests/recordings/*/*/map.yaml")))
KINDS = {"site-yaml": (_SITES, read_site), "map-yaml": (_MAPS, read_mapping)}


def fuzz_yaml(kind: str, seed: int, cases: int) -> dict[str, int]:
    """Reads so many files; how many were good and how many refused.

    Raises
    ------
    AssertionError  For the first that ends in anything but a site, a mapping or a `ConfigError`.
    """
    files, read = KINDS[kind]
    texts, random = [file.read_bytes() for file in files], Random(f"{kind} {seed}")
    outcomes = {"good": 0, "refused": 0}
    for number in range(cases):
        text = mutated(random, random.choice(texts), texts, None)
        outcomes[_outcome(text, read, f"{kind}, seed {seed}, case {number}")] += 1
    return outcomes


def _outcome(text: bytes, read: Callable[[Document, str], object], case: str) -> str:
    try:
        for document in read_documents(text, "file.yaml"):
            read(document, "file.yaml")
    except ConfigError:
        return "refused"
    except Exception as error:
        raise AssertionError(
            f"{type(error).__name__}: {error}: {case}: {text[:3_000]!r}"
        ) from error
    return "good"
