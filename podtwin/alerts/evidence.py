"""Evidence: what was seen, against what, since when, by whom, and where to look; and a sentence.

An alert that only says that a number is high sends a person to search. Evidence is what that
person would look up first, and nothing else.
"""

from __future__ import annotations

import math

import msgspec

from podcore.clock import NS, rfc3339
from podcore.site import Site
from podtwin.alerts import words
from podtwin.alerts.conditions import Condition, Signal
from podtwin.alerts.rules import Rule

MAX_CONTRIBUTIONS = 10  # channels; what a person looks at, and what a chart can show
# On the chart: what was before it, and a while after.
_BEFORE_NS, _AFTER_NS = 1_800 * NS, 600 * NS


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen of an alert at one instant.

    at, since : RFC 3339, site time: of this instant, and of the begin of the excursion.
    value, expected, band, residual : in `unit` (UCUM); None where there is no such thing.
    score, worst : by the rule's threshold, now and at the highest.
    direction : -1 below, +1 above what is expected.
    left_s : time to the limit that `expected` then is.
    contributions : share of each channel in the score, largest first.
    suspected : an asset, or empty.
    link : path of the page that shows it.
    """

    at: str
    since: str
    score: float
    worst: float
    link: str
    unit: str = ""
    value: float | None = None
    expected: float | None = None
    band: float | None = None
    residual: float | None = None
    direction: int = 0
    left_s: float | None = None
    contributions: dict[str, float] = {}
    suspected: str = ""


_encoder = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Evidence)


def encode(evidence: Evidence) -> bytes:
    """As JSON, as rows and messages hold it."""
    return _encoder.encode(evidence)


def gather(
    site: Site, point: str, condition: Condition, signal: Signal | None, ts_ns: int
) -> Evidence:
    """The evidence at an instant; without a signal what is known all the same."""
    seen = signal or Signal(math.nan)
    value, expected = _finite(seen.value), _finite(seen.expected)
    largest = sorted(seen.contributions.items(), key=lambda item: (-item[1], item[0]))
    contributions = {
        name: share for name, share in largest[:MAX_CONTRIBUTIONS] if math.isfinite(share)
    }
    return Evidence(
        at=rfc3339(ts_ns),
        since=rfc3339(condition.raised_ns),
        score=_finite(seen.score) or 0.0,
        worst=_finite(condition.worst) or 0.0,
        link=chart_link(site.id, point, contributions, condition.raised_ns, ts_ns),
        unit=words.unit_of(site, point),
        value=value,
        expected=expected,
        band=_finite(seen.band),
        residual=None if value is None or expected is None else value - expected,
        direction=seen.direction,
        left_s=_finite(seen.left_s),
        contributions=contributions,
        suspected=seen.suspected,
    )


def sentence(site: Site, rule: Rule, point: str, evidence: Evidence, lasts_s: float) -> str:
    """What happened, in a sentence or two. lasts_s : since the excursion began. [s]"""
    text = _said(rule.sentence, site, point, evidence, lasts_s)
    return f"{text} Suspected: {evidence.suspected}." if evidence.suspected else text


def end_sentence(site: Site, rule: Rule, point: str, evidence: Evidence, lasts_s: float) -> str:
    """What is said once it falls back; whom one suspects then would only mislead."""
    return _said(rule.over, site, point, evidence, lasts_s)


def _said(template: str, site: Site, point: str, evidence: Evidence, lasts_s: float) -> str:
    return template.format(
        site=site.name,
        where=words.where(site, point),
        value=words.amount(evidence.value, evidence.unit),
        expected=words.amount(evidence.expected, evidence.unit, evidence.band),
        lasting=words.lasting(lasts_s),
        left=words.lasting(math.inf if evidence.left_s is None else evidence.left_s),
    )


def chart_link(
    site: str, point: str, contributions: dict[str, float], raised_ns: int, ts_ns: int
) -> str:
    """The page with the point and the two channels that say most about it, around the excursion.

    Ids and times hold only what may stand in an address as it is.
    """
    points = dict.fromkeys([point, *list(contributions)[:3]] if point else contributions)
    shown = ",".join(list(points)[:3])
    span = f"from={rfc3339(raised_ns - _BEFORE_NS)}&to={rfc3339(ts_ns + _AFTER_NS)}"
    return f"/sites/{site}?points={shown}&{span}" if shown else f"/sites/{site}?{span}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
