from __future__ import annotations

import msgspec
from support.engine_logs import START_NS, air_dx, configs, live, log_of
from support.frames import NS

from podcore.ports import Checkpoint
from podtwin.engine.checkpoint import params_digest, read
from podtwin.engine.engine import Engine


def checkpoint() -> Checkpoint:
    engine = Engine()
    engine.feed(log_of(configs(air_dx()), live(range(98))).frames)
    return engine.checkpoints(due_only=False)[0]


def test_a_checkpoint_names_its_site_offset_and_time_of_the_log() -> None:
    made = checkpoint()
    assert (made.site, made.offset) == ("ams-03", 1 + 2 * 98)
    assert made.ts_ns == START_NS + 97 * NS + 200_000_000


def test_a_checkpoint_holds_the_site_itself_so_that_it_can_be_loaded_alone() -> None:
    site, _, _ = read(checkpoint())
    assert site.site == air_dx()


def test_reading_and_writing_again_gives_the_same_bytes() -> None:
    first = checkpoint()
    engine = Engine([first])
    engine.offset = first.offset + 1
    again = engine.checkpoints(due_only=False)[0]
    assert again.state == first.state


def test_its_parameters_digest_is_the_one_of_the_steps() -> None:
    engine = Engine()
    outputs = engine.feed(log_of(configs(air_dx()), live(range(98))).frames)
    made = engine.checkpoints(due_only=False)[0]
    assert params_digest(made) == outputs.steps[-1].params_digest


def test_a_state_of_another_version_is_left_and_its_site_starts_anew() -> None:
    made = checkpoint()
    version, config, state = msgspec.msgpack.decode(made.state)
    changed = msgspec.msgpack.encode([version + 1, config, b"not what it was" + state])
    engine = Engine([Checkpoint(made.site, made.offset, made.ts_ns, changed)])
    log = log_of(configs(air_dx()), live(range(200)))
    outputs = engine.feed(log.read(engine.offset, 1_000))
    assert outputs.frames[0].ts_ns == START_NS + 100 * NS
    assert params_digest(Checkpoint("ams-03", 1, 1, changed)) == ""


def test_a_small_site_takes_a_few_kilobytes() -> None:
    assert len(checkpoint().state) < 10_000
