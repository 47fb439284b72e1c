"""Doctor's look at the broker: whether it lets us in, and whether it keeps what it took.

A queue of Mosquitto's default length drops behind the sender's back: what was acknowledged to the
sender is gone. So it is tried: more messages than such a queue holds, for a session that is away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.address import BrokerAddress
from ingest.tls import secure, why_unreachable
from podcore.errors import ConfigError, Refused
from podtwin.pipeline.checks import Check, Verdict

PROBES = 1_100  # more than the 1,000 that a broker's default queue holds for a session away
PROBE_TOPIC = "podtwin/doctor"
ANSWER_S = 10.0

_ACCOUNT = "correct broker.username and broker.password, or what the broker allows that account"
_OnMessage = Callable[[mqtt.Client, object, mqtt.MQTTMessage], None]


def check_broker(address: BrokerAddress, client_id: str) -> Check:
    """Whether the broker keeps more than 1,000 messages for a session that is away."""
    try:
        kept = _probe(address, client_id)
    except ConfigError as error:
        return Check("broker", Verdict.FAIL, str(error), error.way_out)
    except Refused as error:
        return Check("broker", Verdict.FAIL, f"{address} refuses us: {error}", _ACCOUNT)
    except OSError as error:
        way_out = "start the broker, or correct broker.url"
        if address.tls:
            way_out = "start the broker, or correct broker.url or broker.ca_file"
        found = f"{address} does not answer ({why_unreachable(error)})"
        return Check("broker", Verdict.FAIL, found, way_out)
    found = f"{address} kept {kept} of {PROBES} messages for a session that was away"
    if kept < PROBES:
        way_out = "set max_queued_messages 1000000 in mosquitto.conf; see docs/operations.md"
        return Check("broker", Verdict.WARN, found, way_out)
    return Check("broker", Verdict.OK, found)


def _probe(address: BrokerAddress, client_id: str) -> int:
    topic = f"{PROBE_TOPIC}/{client_id}"
    listener = _client(address, client_id, clean=False)
    _subscribe(listener, topic)
    _leave(listener)
    sender = _client(address, f"{client_id}-sender", clean=True)
    # An away session's queue is what is tested: publish all, then come back for them.
    sent = [sender.publish(topic, b"probe", qos=1) for _ in range(PROBES)]
    sent[-1].wait_for_publish(ANSWER_S)
    _leave(sender)
    return _collect(address, client_id, topic)


def _collect(address: BrokerAddress, client_id: str, topic: str) -> int:
    received = 0
    quiet = threading.Event()

    def on_message(_client: mqtt.Client, _userdata: object, _message: mqtt.MQTTMessage) -> None:
        nonlocal received
        received += 1
        quiet.set()

    listener = _client(address, client_id, clean=False, on_message=on_message)
    while received < PROBES and quiet.wait(2.0):
        quiet.clear()
    listener.unsubscribe(topic)
    _leave(listener)
    _leave(_client(address, client_id, clean=True))  # leaves no session behind
    return received


def _client(
    address: BrokerAddress, client_id: str, *, clean: bool, on_message: _OnMessage | None = None
) -> mqtt.Client:
    """A client that the broker has let in.

    Raises
    ------
    Refused  When it says no.
    OSError  When it does not answer.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean)
    client.max_inflight_messages_set(PROBES)
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    secure(client, address)
    if on_message is not None:
        client.on_message = on_message
    answered, answers = threading.Event(), list[ReasonCode]()

    def on_connect(
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        answers.append(code)
        answered.set()

    client.on_connect = on_connect
    client.connect(address.host, address.port)
    client.loop_start()
    if not answered.wait(ANSWER_S):
        _leave(client)
        raise TimeoutError("no answer to CONNECT")
    if answers[0].is_failure:
        _leave(client)
        raise Refused(str(answers[0]).lower())
    return client


def _subscribe(client: mqtt.Client, topic: str) -> None:
    answered, answers = threading.Event(), list[ReasonCode]()

    def on_subscribe(
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        answers.extend(codes)
        answered.set()

    client.on_subscribe = on_subscribe
    client.subscribe(topic, 1)
    if not answered.wait(ANSWER_S):
        _leave(client)
        raise TimeoutError("no answer to SUBSCRIBE")
    if any(code.is_failure for code in answers):
        _leave(client)
        raise Refused(f"it may not read {topic}")


def _leave(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()
