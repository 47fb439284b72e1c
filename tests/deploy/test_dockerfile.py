"""The Dockerfile: what it is built from is there, and what comes out runs without rights.

No Docker runs in these tests. tests/architecture/test_image.py takes its build step.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.command_lines import parse
from support.compose import service
from support.dockerfile import admitted, context, copies, stages
from support.sources import PACKAGES, ROOT

STAGES = stages()
IMAGE = STAGES[-1]
PINNED = re.compile(r"[a-z/]+:\d+\.\d+\.\d+-[a-z-]+")


def health_check() -> list[str]:
    (text,) = IMAGE.all("HEALTHCHECK")
    command: list[str] = json.loads(text.partition(" CMD ")[2])
    return command


def test_each_stage_begins_with_an_image_of_a_version() -> None:
    assert len(STAGES) == 3
    assert all(PINNED.fullmatch(stage.image) for stage in STAGES)
    assert len({stage.image for stage in STAGES}) == 1  # the libraries fit the Python that runs


def test_what_is_copied_is_in_the_tree_and_in_the_context() -> None:
    seen = context()
    for stage in STAGES:
        for sources, _ in copies(stage):
            for source in sources:
                assert (ROOT / source).exists()
                assert [path for path in seen if path == source or path.startswith(f"{source}/")]


def test_all_packages_are_copied() -> None:
    copied = {source for sources, _ in copies(STAGES[0]) for source in sources}
    assert set(PACKAGES) <= copied


@pytest.mark.parametrize(
    ("path", "inside"),
    (
        ("podcore/site.py", True),
        ("podtwin/dashboard/frontend/.npmrc", True),
        ("podtwin/dashboard/static/index.html", False),
        ("podtwin/dashboard/frontend/node_modules/x/index.js", False),
        ("podcore/__pycache__/site.cpython-311.pyc", False),
        ("deploy/secrets/mqtt-podtwin", False),
        ("data/keys/admin", False),
        ("tests/conftest.py", False),
        (".git/config", False),
    ),
)
def test_the_context_holds_what_the_image_is_built_from_alone(path: str, inside: bool) -> None:
    assert admitted(path) is inside


def test_libraries_come_by_hash_or_from_the_stage_before() -> None:
    runs = [run for stage in STAGES for run in stage.all("RUN")]
    installs = [part for run in runs for part in run.split("&&") if "pip install" in part]
    assert installs
    for install in installs:
        assert "--require-hashes" in install or {"--no-deps", "--no-index"} <= set(install.split())


def test_nothing_is_fetched_by_other_means_and_no_processor_is_named() -> None:
    for stage in STAGES:
        assert not stage.all("ADD")
        for run in stage.all("RUN"):
            assert not re.search(r"curl|wget|apt|https?://|amd64|arm64|x86_64|aarch64", run)


def test_it_runs_as_a_user_with_a_number_and_owns_only_its_data() -> None:
    assert IMAGE.all("USER") == ["10001:10001"]
    last = [step.word for step in IMAGE.steps]
    assert "RUN" not in last[last.index("USER") :]
    (made,) = IMAGE.all("RUN")
    (owned,) = re.findall(r"install -d -o 10001 -g 10001 -m 0750 (.+)$", made)
    assert owned.split() == ["/var/lib/podtwin", "/var/lib/influx-tokens"]
    assert service("podtwin")["user"] == "10001:10001"


def test_it_starts_a_command_that_exists() -> None:
    (entry,), (command,) = IMAGE.all("ENTRYPOINT"), IMAGE.all("CMD")
    assert json.loads(entry) == ["podtwin"]
    parse(json.loads(command))


def test_the_port_that_it_names_is_the_one_that_is_published() -> None:
    (port,) = IMAGE.all("EXPOSE")
    assert service("podtwin")["ports"][0].endswith(f":{port}")


def test_compose_checks_health_as_the_image_does() -> None:
    assert service("podtwin")["healthcheck"]["test"] == ["CMD", *health_check()]


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server that gives one answer; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), ((200, True), (503, False)))
def test_the_health_check_asks_whether_it_lives(status: int, healthy: bool) -> None:
    with answering(status) as port:
        _, *arguments = (word.replace(":8080/", f":{port}/") for word in health_check())
        ended = subprocess.run([sys.executable, *arguments], check=False, capture_output=True)
    assert (ended.returncode == 0) is healthy
