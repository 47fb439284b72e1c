from __future__ import annotations

import json
import platform

import pytest

from podtwin import __version__
from podtwin.cli.output import Output, print_json, print_pairs
from podtwin.cli.version import version


def test_json_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None], "b": "°C\n"})
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert json.loads(said) == {"a": [1, None], "b": "°C\n"}


def test_pairs_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs({"a": 1, "longer": None})
    assert capsys.readouterr().out == "a       1\nlonger  None\n"
    print_pairs({})
    assert capsys.readouterr().out == ""


def test_the_versions_are_those_of_program_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    version(Output.JSON)
    facts = json.loads(capsys.readouterr().out)
    assert facts == {"podtwin": __version__, "python": platform.python_version()}
    version()
    assert __version__ in capsys.readouterr().out
