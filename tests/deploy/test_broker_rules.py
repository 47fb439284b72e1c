"""What each account of the shipped broker may publish and read.

That something never arrives is shown by what was sent after it and did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from support.backlogs import MemoryBacklog
from support.broker_account import BrokerAccount
from support.live_ingest import LiveIngest, stored
from support.shipped_broker import DEPLOY, ShippedBroker, make_secrets
from support.waiting import eventually

from ingest.address import BrokerAddress
from ingest.native import MAX_PAYLOAD, encode_birth
from ingest.sender import Sender
from podcore.clock import SystemClock
from podcore.frame import BirthPoint
from podtwin.pipeline.doctor_broker import check_broker

pytestmark = pytest.mark.system
OWN = "podtwin/v1/ams-03/gw-1"
OTHERS = (
    "podtwin/v1/ams-03/gw-2",  # another node of the site
    "podtwin/v1/osl-01/gw-1",  # a node of that name at another site
)
BOOT = "01JDAAAAAAAAAAAAAAAAAAAAAA"
WATCHED = (
    "podtwin/v1/ams-03/#",
    "podtwin/v1/osl-01/#",
    "podtwin/doctor/#",
    "telegraf/#",
    "spBv1.0/#",
)
NODES = ("ams-03.gw-1", "ams-03.gw-2", "osl-01.gw-1", "lab.gw-1")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    folder = tmp_path_factory.mktemp("rules")
    make_secrets(folder / "secrets", *(word for name in NODES for word in ("--node", name)))
    with ShippedBroker(folder) as started:
        yield started


def password_of(broker: ShippedBroker, name: str) -> str:
    if name in ("podtwin", "plants"):
        return broker.secret(f"mqtt-{name}")
    if name == "health":
        return (broker.run_folder / "health").read_text().strip()
    accounts = dict(re.findall(r"^([^:\n]+):(.*)$", broker.secret("mqtt-nodes"), re.MULTILINE))
    password: str = accounts[name]
    return password


def account(
    broker: ShippedBroker,
    name: str,
    *,
    will: str | None = None,
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
) -> BrokerAccount:
    password = password_of(broker, name)
    return BrokerAccount(broker.port, name, password, will=will, version=version)


@pytest.fixture
def node(broker: ShippedBroker) -> Iterator[BrokerAccount]:
    with account(broker, "ams-03.gw-1") as connected:
        yield connected


@pytest.fixture
def podtwin(broker: ShippedBroker) -> Iterator[BrokerAccount]:
    with account(broker, "podtwin") as connected:
        assert connected.listen(*WATCHED)
        yield connected


def test_a_node_publishes_what_is_its_own(node: BrokerAccount, podtwin: BrokerAccount) -> None:
    topics = [f"{OWN}/{kind}" for kind in ("telemetry", "birth", "state")]
    for topic in (*topics, f"{OWN}/telemetry"):
        node.publish(topic)
    assert podtwin.heard_up_to(f"{OWN}/telemetry") == []
    assert podtwin.heard_up_to(f"{OWN}/telemetry") == topics[1:]


def test_nothing_arrives_that_a_node_publishes_in_the_name_of_another(
    node: BrokerAccount, podtwin: BrokerAccount
) -> None:
    for other in OTHERS:
        for kind in ("telemetry", "birth", "state"):
            node.publish(f"{other}/{kind}")
    for topic in (f"{OWN}/ack", f"{OWN}/other", "podtwin/doctor/x", "telegraf/x", "spBv1.0/x"):
        node.publish(topic)
    node.publish(f"{OWN}/telemetry")
    assert podtwin.heard_up_to(f"{OWN}/telemetry") == []


def test_nothing_is_retained_in_the_name_of_another(
    node: BrokerAccount, broker: ShippedBroker
) -> None:
    node.publish(f"{OTHERS[0]}/birth", retain=True)
    node.publish(f"{OWN}/birth", retain=True)
    with account(broker, "podtwin") as later:
        assert later.listen(f"{OTHERS[0]}/birth", f"{OWN}/birth")
        assert later.heard_up_to(f"{OWN}/birth") == []
    node.publish(f"{OWN}/birth", b"", retain=True)


def test_mqtt_3_confirms_what_it_throws_away(node: BrokerAccount) -> None:
    # PUBACK of 3.1.1 has no other word: why the outbox is trimmed by PodTwin's own ack alone.
    assert not node.publish(f"{OTHERS[0]}/telemetry").is_failure


def test_mqtt_5_says_that_it_is_not_authorised(broker: ShippedBroker) -> None:
    with account(broker, "ams-03.gw-1", version=MQTTProtocolVersion.MQTTv5) as node:
        assert str(node.publish(f"{OTHERS[0]}/telemetry")) == "Not authorized"


def test_a_will_in_the_name_of_another_is_never_spoken(
    broker: ShippedBroker, podtwin: BrokerAccount
) -> None:
    for topic in (f"{OTHERS[0]}/state", f"{OWN}/state"):
        with account(broker, "ams-03.gw-1", will=topic) as node:
            node.break_off()
    assert podtwin.heard_up_to(f"{OWN}/state") == []


def test_a_node_reads_its_own_acks_and_nothing_else(
    node: BrokerAccount, podtwin: BrokerAccount, broker: ShippedBroker
) -> None:
    # The broker grants any subscription; what it then brings is what counts.
    assert node.listen("#", "$SYS/#", f"{OTHERS[0]}/ack", f"{OTHERS[1]}/telemetry")
    with account(broker, "osl-01.gw-1") as other:
        other.publish(f"{OTHERS[1]}/telemetry")
    node.publish(f"{OWN}/telemetry")
    for other_topic in OTHERS:
        podtwin.publish(f"{other_topic}/ack")
    podtwin.publish(f"{OWN}/ack")
    assert node.heard_up_to(f"{OWN}/ack") == []


def test_podtwin_acks_and_publishes_no_readings(
    podtwin: BrokerAccount, broker: ShippedBroker
) -> None:
    for kind in ("telemetry", "birth", "state"):
        podtwin.publish(f"{OWN}/{kind}")
    podtwin.publish(f"{OWN}/ack")
    assert podtwin.heard_up_to(f"{OWN}/ack") == []


def test_podtwin_may_be_a_sparkplug_host(broker: ShippedBroker) -> None:
    with account(broker, "podtwin", will="spBv1.0/STATE/podtwin") as host:
        assert host.listen("spBv1.0/#")
        host.publish("spBv1.0/STATE/podtwin")
        assert host.heard_up_to("spBv1.0/STATE/podtwin") == []
        host.publish("spBv1.0/ams-03/NCMD/gateway-1")
        assert host.heard_up_to("spBv1.0/ams-03/NCMD/gateway-1") == []


def test_the_health_check_reads_the_brokers_version_alone(
    broker: ShippedBroker, node: BrokerAccount, podtwin: BrokerAccount
) -> None:
    with account(broker, "health") as health:
        assert health.listen("#", "$SYS/broker/uptime")
        health.publish(f"{OWN}/telemetry")
        node.publish(f"{OWN}/state")
        assert podtwin.heard_up_to(f"{OWN}/state") == []
        assert health.listen("$SYS/broker/version")
        assert health.heard_up_to("$SYS/broker/version") == []


def test_a_name_that_says_no_node_gets_no_rights(tmp_path: Path) -> None:
    names = ("gw-1", "ams-03.+", "ams-03.#", "a.b.c", ".gw-1", "ams-03.", "ams-03.gw-1/state")
    make_secrets(tmp_path / "secrets")
    nodes = tmp_path / "secrets" / "mqtt-nodes"
    nodes.unlink()
    nodes.write_text("".join(f"{name}:secret\n" for name in names))
    with ShippedBroker(tmp_path) as broker:
        rules = (broker.run_folder / "acl").read_text()
        assert rules == (tmp_path / "config" / "acl").read_text()
        with account(broker, "podtwin") as podtwin:
            assert podtwin.listen("#")
            for name in names:
                with account(broker, name) as strange:
                    strange.publish(f"{OWN}/telemetry")
                    strange.publish("podtwin/v1/gw-1/telemetry")
            with account(broker, "plants") as plants:
                plants.publish(f"{OWN}/state")
            assert podtwin.heard_up_to(f"{OWN}/state") == []


def test_the_plants_play_the_nodes_of_the_demos_sites_alone(
    broker: ShippedBroker, podtwin: BrokerAccount
) -> None:
    sites = {path.stem for path in (DEPLOY / "podtwin" / "demo").iterdir()}
    rules = (DEPLOY / "mosquitto" / "acl").read_text().partition("user plants")[2]
    assert set(re.findall(r"^topic write podtwin/v1/([^/]+)/", rules, re.MULTILINE)) == sites
    with account(broker, "plants") as plants:
        assert podtwin.listen("podtwin/v1/+/+/telemetry")
        plants.publish("podtwin/v1/lab/gw-1/telemetry")
        plants.publish(f"{OWN}/telemetry")
        assert podtwin.heard_up_to(f"{OWN}/telemetry") == []


def test_what_a_node_sends_is_stored_and_acknowledged(
    broker: ShippedBroker, tmp_path: Path
) -> None:
    ingest = LiveIngest(tmp_path, address(broker, "podtwin"))
    sender = sender_of(broker, "lab.gw-1", "lab")
    ingest.start()
    sender.start()
    eventually(lambda: sender.status().confirmed == 3, "all is confirmed")
    sender.stop()
    ingest.stop()
    assert stored(tmp_path / "log.db") == [1.0, 2.0, 3.0]


def test_a_sender_under_the_account_of_another_keeps_what_it_has(
    broker: ShippedBroker, tmp_path: Path
) -> None:
    # The broker lets it in and takes all it sends; only that nobody answers shows what is wrong.
    ingest = LiveIngest(tmp_path, address(broker, "podtwin"))
    sender = sender_of(broker, "ams-03.gw-1", "lab")
    right = sender_of(broker, "lab.gw-1", "lab", boot="01JDBBBBBBBBBBBBBBBBBBBBBB")
    ingest.start()
    sender.start()
    eventually(lambda: sender.status().sent == 3, "it gives up waiting for an answer and sends")
    right.start()
    eventually(lambda: right.status().confirmed == 3, "the right account is answered")
    assert (sender.status().confirmed, sender.status().answered) == (0, False)
    assert ingest.stop().received == 3
    sender.stop()
    right.stop()


def test_doctor_may_prove_the_queue(broker: ShippedBroker) -> None:
    found = check_broker(address(broker, "podtwin"), "podtwin-doctor-rules")
    assert found.verdict.value == "ok", found.found


def test_who_sends_more_than_podtwin_takes_is_cut_off(
    broker: ShippedBroker, podtwin: BrokerAccount
) -> None:
    with account(broker, "ams-03.gw-1") as node:
        node.publish(f"{OWN}/telemetry", bytes(MAX_PAYLOAD + 1))  # to be seen as a dead letter
        assert podtwin.heard_up_to(f"{OWN}/telemetry") == []
        assert node.is_cut_off_for(f"{OWN}/telemetry", bytes(5 * MAX_PAYLOAD // 4))
    with account(broker, "ams-03.gw-1") as node:
        node.publish(f"{OWN}/state")
    assert podtwin.heard_up_to(f"{OWN}/state") == []


def address(broker: ShippedBroker, name: str) -> BrokerAddress:
    return BrokerAddress.parse(broker.url).with_account(name, password_of(broker, name))


def sender_of(broker: ShippedBroker, name: str, site: str, boot: str = BOOT) -> Sender:
    """Three messages for the node gw-1 of a site, sent by that account."""
    backlog = MemoryBacklog(boot, 3, trims=False, after_s=1_700_000_000)
    points = [BirthPoint("a/x", "power", "W")]
    birth = encode_birth(backlog.boot, 1, 1, recorded=True, points=points)
    return Sender(address(broker, name), site, "gw-1", backlog, lambda: birth, clock=SystemClock())
