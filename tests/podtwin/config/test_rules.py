from __future__ import annotations

from pathlib import Path

import pytest
from support.alerts import air_dx_site

from podcore.errors import ConfigError
from podtwin.alerts.rules import RuleKind, RuleSet, Severity
from podtwin.config.rules import load_rules

SITES = [air_dx_site()]
HEAD = "schema: podtwin/rules/1\nrules:\n"


def load(path: Path, *entries: str) -> RuleSet:
    file = path / "rules.yaml"
    file.write_text(HEAD + "".join(f"  - {{{entry}}}\n" for entry in entries))
    return load_rules(file, SITES)


def test_without_a_file_the_defaults_hold() -> None:
    rule = load_rules(None, SITES).rule(RuleKind.LEVEL, "ams-03", "crac-1/supply_air_temp")
    assert rule is not None
    assert rule.severity is Severity.WARNING


def test_a_file_changes_rules_for_sites_and_points(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        "id: twin-deviation, for_s: 60",
        'id: twin-deviation, sites: [ams-03], points: ["rack-*/outlet_temp"], threshold: 1.5',
        "id: sensor-noisy, enabled: false",
        "id: slow-drift, points: [twin/coil_fouling], severity: critical",
    )
    outlet = rules.rule(RuleKind.LEVEL, "ams-03", "rack-02/outlet_temp")
    inlet = rules.rule(RuleKind.LEVEL, "ams-03", "rack-02/inlet_temp")
    fouling = rules.rule(RuleKind.DRIFT, "ams-03", "twin/coil_fouling")
    assert outlet is not None
    assert inlet is not None
    assert fouling is not None
    assert (outlet.threshold, outlet.for_s) == (1.5, 60.0)
    assert (inlet.threshold, inlet.for_s) == (1.0, 60.0)
    assert fouling.severity is Severity.CRITICAL
    assert rules.rule(RuleKind.VARIANCE, "ams-03", "rack-02/inlet_temp") is None


@pytest.mark.parametrize(
    ("entry", "words"),
    (
        ("id: twin-deviaton", ("line 3: rules[0].id", "is no rule", "'twin-deviation'")),
        ("id: twin-deviation, treshold: 2", ("rules[0].treshold", "is no key", "'threshold'")),
        (
            "id: twin-deviation, points: [crac-1/suply_air_temp]",
            ("line 3: rules[0].points[0]", "matches no point", "'crac-1/supply_air_temp'"),
        ),
        (
            "id: twin-deviation, sites: [ams-3]",
            ("line 3: rules[0].sites[0]", "matches no site", "'ams-03'"),
        ),
        ("id: twin-deviation, threshold: 0", ("line 3: rules[0].threshold", "> 0")),
        ("id: twin-deviation, clear_below: 1", ("line 3: rules[0].clear_below", "< 1")),
        ("id: twin-deviation, for_s: soon", ("line 3: rules[0].for_s", "of type float")),
        ("id: twin-deviation, severity: bad", ("rules[0].severity", "none of the words")),
    ),
)
def test_a_mistake_is_named_with_its_line_and_the_way_out(
    tmp_path: Path, entry: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, entry)
    text = str(refused.value)
    assert "rules.yaml" in text
    assert not [word for word in words if word not in text], text


@pytest.mark.parametrize(
    "text", ("", "rules: []", "schema: podtwin/rules/2", f"{HEAD}---\n{HEAD}", "[1]", "a: [")
)
def test_what_is_no_rules_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"rules\.yaml"):
        load_rules(tmp_path / "rules.yaml", SITES)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: alerts\.rules_file: cannot be read"):
        load_rules(tmp_path / "gone.yaml", SITES)


def test_while_no_site_is_known_patterns_are_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"{HEAD}  - {{id: site-silent, sites: [anything], enabled: false}}\n")
    assert load_rules(file, []).rule(RuleKind.SILENCE, "anything") is None
