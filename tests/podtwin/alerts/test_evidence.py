from __future__ import annotations

import math

from support.alerts import LEVEL, air_dx_site
from support.frames import MIDNIGHT_NS, NS

from podtwin.alerts.conditions import Condition, Signal, State
from podtwin.alerts.evidence import (
    DECODER,
    MAX_CONTRIBUTIONS,
    encode,
    end_sentence,
    gather,
    sentence,
)
from podtwin.alerts.rules import DEFAULT_RULES, RuleKind

SITE = air_dx_site()
SUPPLY = "crac-1/supply_air_temp"
FIRING = Condition(State.FIRING, MIDNIGHT_NS, MIDNIGHT_NS, MIDNIGHT_NS, MIDNIGHT_NS, worst=3.5)
SIGNAL = Signal(
    3.1,
    direction=1,
    value=31.2,
    expected=22.4,
    band=0.9,
    contributions={SUPPLY: 0.7, "rack-01/inlet_temp": 0.2, "crac-1/compressor_power": 0.1},
    suspected="crac-1",
)
NOW_NS = MIDNIGHT_NS + 20 * NS


def test_a_person_reads_what_is_where_against_what_and_since_when() -> None:
    evidence = gather(SITE, SUPPLY, FIRING, SIGNAL, NOW_NS)
    assert sentence(SITE, LEVEL, SUPPLY, evidence, 20.0) == (
        "CRAC-1 supply air is 31.2 °C; the twin expects 22.4 ± 0.9 °C, for 20 s. Suspected: crac-1."
    )


def test_every_rule_has_a_sentence_that_can_be_said_with_and_without_a_signal() -> None:
    for rule in DEFAULT_RULES:
        for signal in (SIGNAL, None):
            evidence = gather(SITE, SUPPLY, FIRING, signal, NOW_NS)
            for say in (sentence, end_sentence):
                text = say(SITE, rule, SUPPLY, evidence, 20.0)
                assert "{" not in text
                assert "nan" not in text
                assert "None" not in text


def test_what_is_over_is_said_without_whom_one_suspected() -> None:
    signal = SIGNAL._replace(value=22.5)
    text = end_sentence(SITE, LEVEL, SUPPLY, gather(SITE, SUPPLY, FIRING, signal, NOW_NS), 200.0)
    assert text == (
        "CRAC-1 supply air is back at 22.5 °C; the twin expects 22.4 ± 0.9 °C. It lasted 3 min."
    )


def test_a_limit_that_is_no_longer_neared_needs_no_time_to_it() -> None:
    runaway = next(rule for rule in DEFAULT_RULES if rule.kind is RuleKind.RUNAWAY)
    evidence = gather(SITE, SUPPLY, FIRING, Signal(0.1, value=26.0, expected=35.0), NOW_NS)
    assert "unknown" not in end_sentence(SITE, runaway, SUPPLY, evidence, 60.0)


def test_a_silent_site_is_named() -> None:
    silent = next(rule for rule in DEFAULT_RULES if rule.kind is RuleKind.SILENCE)
    evidence = gather(SITE, "", FIRING, Signal(1.5, left_s=90.0), NOW_NS)
    assert sentence(SITE, silent, "", evidence, 90.0) == "ams-03 has sent nothing for 90 s."
    assert evidence.link.startswith("/sites/ams-03?from=")


def test_the_link_opens_the_chart_around_the_excursion() -> None:
    link = gather(SITE, SUPPLY, FIRING, SIGNAL, NOW_NS).link
    path, _, query = link.partition("?")
    asked = dict(part.split("=") for part in query.split("&"))
    assert path == "/sites/ams-03"
    assert asked["points"] == f"{SUPPLY},rack-01/inlet_temp,crac-1/compressor_power"
    assert asked["from"].endswith("23:30:00Z")
    assert asked["to"].endswith("00:10:20Z")


def test_no_number_becomes_no_entry() -> None:
    signal = Signal(
        2.0, value=math.nan, expected=21.0, band=math.inf, contributions={"a/b": math.nan}
    )
    evidence = gather(SITE, SUPPLY, FIRING, signal, NOW_NS)
    assert (evidence.value, evidence.band, evidence.residual) == (None, None, None)
    assert evidence.contributions == {}
    assert b"NaN" not in encode(evidence)


def test_only_the_largest_shares_are_kept() -> None:
    shares = {f"rack-{n:02}/inlet_temp": float(n) for n in range(50)}
    kept = gather(SITE, SUPPLY, FIRING, Signal(2.0, contributions=shares), NOW_NS).contributions
    assert len(kept) == MAX_CONTRIBUTIONS
    assert next(iter(kept)) == "rack-49/inlet_temp"


def test_it_is_read_back_as_it_was_written() -> None:
    evidence = gather(SITE, SUPPLY, FIRING, SIGNAL, NOW_NS)
    assert DECODER.decode(encode(evidence)) == evidence
