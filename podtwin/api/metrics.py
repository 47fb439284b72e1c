"""`/metrics`: the status as Prometheus metrics, built anew at each scrape.

Nothing is counted here: the ledgers live in the log, in the transactions they count, and are
exact over restarts. Labels come from closed sets alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.forward_role import Stalled
from ingest.spool_quota import Limit
from podtwin.alerts.conditions import OPEN
from podtwin.alerts.delivery import Delivery
from podtwin.alerts.rules import Severity
from podtwin.api.authorize import Reason
from podtwin.api.connection import MALFORMED, TOO_MANY, TOO_SLOW
from podtwin.api.hub import Hub
from podtwin.status import ForwardStatus, HistoryStatus, LogStatus, Status, TwinStatus
from podtwin.store.influx_answer import LineReason

MEDIA_TYPE = CONTENT_TYPE_LATEST


def metrics_text(
    status: Status,
    hub: Hub,
    alerts: Mapping[tuple[str, str, str], int],
    deliveries: Mapping[tuple[str, str], int],
    refused: Mapping[str, int],
) -> bytes:
    """The exposition of one moment.

    alerts : open ones by (site, severity, state). deliveries : messages by (endpoint, state).
    refused : requests since the start by reason.
    """
    registry = CollectorRegistry(auto_describe=False)
    told = _alerts(alerts), _deliveries(deliveries), _refused(refused)
    registry.register(
        _Moment([*_ledgers(status), *_readers(status), *_process(status), *_hub(hub), *told])
    )
    return generate_latest(registry)


class _Moment(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _ledgers(status: Status) -> list[Metric]:
    messages, readings, letters = status.ledger, status.readings, status.dead_letters
    return [
        _counter(
            "podtwin_messages",
            "Telemetry messages by outcome; received is their sum and what is pending.",
            "outcome",
            {"stored": messages.stored, "duplicate": messages.duplicate, "dead": messages.dead},
        ),
        _gauge("podtwin_messages_pending", "Telemetry messages in memory.", messages.pending),
        _counter(
            "podtwin_readings",
            "Readings of messages that are no duplicates, by outcome.",
            "outcome",
            {"stored": readings.stored, "dead": readings.dead},
        ),
        _counter("podtwin_dead", "What was refused, by reason.", "reason", status.dead_by_reason),
        _counter(
            "podtwin_dead_letters_retried",
            "Dead letters that were tried again, by outcome.",
            "outcome",
            {"stored": letters.retried_stored, "dead": letters.retried_dead},
        ),
        _count("podtwin_dead_letters_trimmed", "Dead letters no longer kept.", letters.trimmed),
        _counter(
            "podtwin_announcements",
            "Births and states of nodes.",
            "kind",
            {"birth": status.births, "state": status.states},
        ),
        _count("podtwin_boots_forgotten", "Boots past the bound a node.", status.boots_forgotten),
    ]


def _readers(status: Status) -> list[Metric]:
    lag, backlog = status.lag, status.backlog
    return [
        _gauges(
            "podtwin_lag_frames",
            "Frames that a reader of the log has still to read.",
            "reader",
            {
                "engine": lag.engine_frames,
                "seal": lag.seal_frames,
                "hub": lag.hub_frames,
                "forward": lag.forward_frames,
            },
        ),
        _gauges(
            "podtwin_lag_seconds",
            "Since the first Frame came that a reader has still to read.",
            "reader",
            {each.reader: each.seconds for each in lag.readers},
        ),
        _gauge("podtwin_inbox_messages", "Messages in the inbox.", backlog.inbox_messages),
        _gauge("podtwin_inbox_bytes", "Bytes in the inbox.", backlog.inbox_bytes),
        _gauge(
            "podtwin_closed_steps", "Closed steps that wait for the twin.", backlog.closed_steps
        ),
        _gauge("podtwin_outbox_pending", "Unconfirmed outbox messages.", backlog.pending_outbox),
        *_log(status.log),
        *_forward(status.forward),
        *_history(status.history),
        *_twin(status.twin),
    ]


_SINK = ("sink",)
_SINK_REASON = ("sink", "reason")


def _log(log: LogStatus) -> list[Metric]:
    full = {limit.value: log.full == limit.value for limit in Limit}
    return [
        _gauge("podtwin_log_bytes", "Pages of the log in use.", log.bytes),
        _gauge("podtwin_log_quota_bytes", "How many there may be.", log.quota_bytes),
        _gauge("podtwin_log_disk_free_bytes", "Left on its disk.", log.disk_free_bytes),
        _gauges("podtwin_log_full", "1 while nothing is taken in, by reason.", "limit", full),
    ]


def _forward(forward: ForwardStatus) -> list[Metric]:
    frames = CounterMetricFamily(
        "podtwin_forwarded_frames", "Frames delivered to InfluxDB since the start.", labels=_SINK
    )
    lag = GaugeMetricFamily(
        "podtwin_forward_lag_frames", "Frames that a sink has not got yet.", labels=_SINK
    )
    refused = CounterMetricFamily(
        "podtwin_forward_refused", "Lines InfluxDB refused, by reason.", labels=_SINK_REASON
    )
    retries = CounterMetricFamily(
        "podtwin_forward_retries",
        "Deliveries to be tried again, since the start.",
        labels=_SINK_REASON,
    )
    for sink in forward.sinks:
        frames.add_metric((sink.name,), sink.frames)
        lag.add_metric((sink.name,), sink.lag_frames)
        for reason in LineReason:
            refused.add_metric((sink.name, reason.value), sink.refused.get(reason.value, 0))
        for why in Stalled:
            retries.add_metric((sink.name, why.value), sink.retries.get(why.value, 0))
    return [frames, lag, refused, retries]


def _history(history: HistoryStatus) -> list[Metric]:
    return [
        _count("podtwin_history_compactions", "Merges of its files.", history.compactions),
        _count("podtwin_history_quarantined", "Damaged files set apart.", history.quarantined),
        _count("podtwin_history_rewritten", "Of these written again.", history.rewritten),
        _count("podtwin_history_dropped_dates", "Dates past keeping.", history.dropped_dates),
        _gauge("podtwin_history_files", "Files of the embedded history.", history.files),
        _gauge("podtwin_history_bytes", "Bytes of the embedded history.", history.bytes),
        _count("podtwin_history_rollups", "Files that were rolled up.", history.rollups),
        _gauge("podtwin_history_rollup_bytes", "Bytes of the rollups.", history.rollup_bytes),
    ]


def _twin(twin: TwinStatus) -> list[Metric]:
    return [
        _counter(
            "podtwin_twin_unused",
            "Readings that moved no twin, by reason, since the start.",
            "reason",
            twin.unused,
        ),
        _counter(
            "podtwin_twin_resets",
            "How often a twin's filter began anew, by reason, since the start.",
            "reason",
            twin.resets,
        ),
    ]


def _process(status: Status) -> list[Metric]:
    info = GaugeMetricFamily("podtwin_info", "Always 1.", labels=("version", "data_dir_id"))
    info.add_metric((status.version, status.data_dir_id), 1)
    running = {each.name: each.state == "running" for each in status.components}
    alive = {each.name: each.alive for each in status.threads}
    return [
        info,
        _gauge("podtwin_ready", "1 when every part does its work.", status.ready),
        _gauges("podtwin_component_running", "1 while it runs.", "component", running),
        _gauges("podtwin_thread_alive", "1 while it lives.", "thread", alive),
        _gauge("podtwin_broker_connected", "1 while connected.", status.broker.connected),
        _gauge("podtwin_broker_generation", "Sessions so far.", status.broker.generation),
        _count("podtwin_broker_dropped", "Messages it says it dropped.", status.broker.dropped),
    ]


def _hub(hub: Hub) -> list[Metric]:
    merged = CounterMetricFamily("podtwin_stream_merged", "Deltas merged for slow clients.")
    merged.add_metric((), hub.merged)
    missing, off = hub.node_faults()
    backlog, dropped = hub.outboxes()
    return [
        _gauge("podtwin_stream_clients", "Live streams open.", hub.clients),
        merged,
        _gauge("podtwin_missing_messages", "Numbers of nodes that did not come.", missing),
        _gauge("podtwin_clocks_off", "Nodes whose clock is off by more than 2 s.", off),
        _gauge("podtwin_nodes_backlog", "Waits in outboxes of nodes, as they say.", backlog),
        _gauge("podtwin_nodes_dropped", "Given up by outboxes of nodes, as they say.", dropped),
    ]


def _alerts(counts: Mapping[tuple[str, str, str], int]) -> Metric:
    """With a 0 for each pair that could be, so that a rule sees a series before the first alert."""
    family = GaugeMetricFamily(
        "podtwin_alerts", "Open alerts of all sites.", labels=("severity", "state")
    )
    for severity in Severity:
        for state in sorted(OPEN):
            found = (n for (_, bad, how), n in counts.items() if (bad, how) == (severity, state))
            family.add_metric((severity.value, state.value), float(sum(found)))
    return family


def _deliveries(counts: Mapping[tuple[str, str], int]) -> Metric:
    by_state = {
        state.value: sum(n for (_, how), n in counts.items() if how == state) for state in Delivery
    }
    return _gauges("podtwin_deliveries", "Webhook messages that are kept.", "state", by_state)


def _refused(counts: Mapping[str, int]) -> Metric:
    reasons = (*(reason.value for reason in Reason), TOO_MANY, TOO_SLOW, MALFORMED)
    by_reason = {reason: counts.get(reason, 0) for reason in reasons}
    text = "Requests without a key that allows them, and connections cut, since the start."
    return _counter("podtwin_requests_refused", text, "reason", by_reason)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for each, value in values.items():
        family.add_metric((each,), float(value))
    return family


def _count(name: str, text: str, value: int) -> Metric:
    family = CounterMetricFamily(name, text)
    family.add_metric((), value)
    return family


def _counter(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,))
    for each, value in values.items():
        family.add_metric((each,), value)
    return family
