"""The end of what is watched no more: a rule switched off, a point or a twin taken away.

Its condition would never be seen again, and its alert stay open for ever. It is resolved at the
site's last step, says why, and whoever was told that it fires is told that it is over.
"""

from __future__ import annotations

import msgspec

from podcore.alert import Alert
from podcore.ports import Transition
from podtwin.alerts.conditions import INACTIVE, Change, Condition, withdrawn
from podtwin.alerts.event import notice
from podtwin.alerts.fingerprint import change_key
from podtwin.engine.telling import Verdict, tell
from podtwin.engine.watching import Watch

WHY = "No longer watched: its rule is switched off, or its point taken away."


def withdraw(watch: Watch, cause: int) -> Verdict:
    """Ends the conditions that no rule watches any more.

    cause : the offset of the Frame that took them away, or of the checkpoint that was read.
    """
    verdict, memory = Verdict(), watch.memory
    watched = watch.marks()
    for mark in sorted(memory.conditions.keys() - watched):
        _end(verdict, watch, mark, memory.conditions.pop(mark), cause)
    for mark in [mark for mark, alert in memory.alerts.items() if not alert.point]:
        if mark not in watched:
            _end(verdict, watch, mark, memory.of_site.pop(mark, INACTIVE), cause)
    return verdict


def _end(verdict: Verdict, watch: Watch, mark: str, condition: Condition, cause: int) -> None:
    memory = watch.memory
    alert = memory.alerts.pop(mark, None)
    if alert is None:  # it was pending: nobody knows of it
        return
    _, changes = withdrawn(condition, max(memory.ts_ns, condition.since_ns))
    for change in changes:
        ended = _ended(alert, change)
        verdict.transitions.append(_transition(ended, change, cause))
        if change.tells is None or memory.recorded:
            continue
        if ended.point:
            memory.incident = tell(
                verdict, memory.incident, ended, change.tells, cause, change.ts_ns
            )
        else:  # what concerns the site is told of its own, beside any incident
            verdict.notices.append(notice(ended, change.tells, cause, change.ts_ns))


def _ended(alert: Alert, change: Change) -> Alert:
    return msgspec.structs.replace(
        alert,
        state=change.after.state.value,
        handling=change.after.handled.state.value,
        handled_by=change.after.handled.by,
        text=f"{alert.text} {WHY}",
        ended_ns=change.ts_ns,
        changed_ns=change.ts_ns,
    )


def _transition(alert: Alert, change: Change, cause: int) -> Transition:
    return Transition(
        key=change_key(alert.fingerprint, change.ts_ns, change.what),
        site=alert.site,
        fingerprint=alert.fingerprint,
        before=change.before.value,
        after=change.what,
        cause=cause,
        ts_ns=change.ts_ns,
        body=alert.evidence,
        alert=alert,
    )
