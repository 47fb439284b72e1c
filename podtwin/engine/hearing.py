"""What is judged of a site as a whole, by ticks: that it is silent, has gaps, or a wrong clock.

Each is a signal of the rule of its kind; the node that it comes from is what is suspected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from podcore.clock import NS
from podtwin.alerts.conditions import Signal
from podtwin.alerts.rules import Rule, RuleKind, silence_score
from podtwin.engine.gaps import tick
from podtwin.engine.site_time import DEFAULT_PERIOD_NS, NodeTime

Nodes = Mapping[str, NodeTime]
SignalOf = Callable[[Rule, Nodes, int], Signal]


def silence(rule: Rule, nodes: Nodes, tick_ns: int) -> Signal:
    """How long nothing has come of any node."""
    heard_ns = max(node.recv_ns for node in nodes.values())
    period_ns = min(node.period_ns or DEFAULT_PERIOD_NS for node in nodes.values())
    silent_s = (tick_ns - heard_ns) / NS
    return Signal(silence_score(rule, silent_s, period_ns / NS), left_s=silent_s)


def gap(rule: Rule, nodes: Nodes, tick_ns: int) -> Signal:
    """For how long numbers of a node have been missing."""
    node, missing, open_s = tick(((name, each.gaps) for name, each in nodes.items()), tick_ns)
    return Signal(open_s / rule.threshold, value=float(missing), left_s=open_s, suspected=node)


def skew(rule: Rule, nodes: Nodes, _tick_ns: int) -> Signal:
    """How far the clock of a node is off, of the one that is off furthest."""
    found, furthest_ns = "", 0
    for name, node in nodes.items():
        off_ns = node.clock.skew_ns or 0
        if abs(off_ns) > abs(furthest_ns):
            found, furthest_ns = name, off_ns
    off_s = abs(furthest_ns) / NS
    direction = (furthest_ns > 0) - (furthest_ns < 0)
    return Signal(off_s / rule.threshold, direction, left_s=off_s, suspected=found)


OF_SITE: Mapping[RuleKind, SignalOf] = MappingProxyType(
    {RuleKind.SILENCE: silence, RuleKind.GAP: gap, RuleKind.CLOCK: skew}
)
