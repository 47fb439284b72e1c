"""A real InfluxDB 2 on a free port of the loopback, set up with an organisation of its own.

Starting one takes seconds, so a module shares a server and each test takes a bucket of its own.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx
from support.components import require_built
from support.mosquitto import free_port

from podtwin.store.influx_client import InfluxAddress

ORG: Final = "podtwin"
TOKEN: Final = "of-the-operator-of-these-tests"
START_S: Final = 60.0  # four seconds alone on two cores

_BUILD = (
    "built from the Go module github.com/influxdata/influxdb/v2@v2.8.0; set PODTWIN_INFLUXD to it"
)


class Influxd:
    """The server as a process; `kill` it and `start` it again on the same files.

    config : a configuration that says where its files lie; the folder then holds its log alone.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, config: Path | None = None
    ) -> None:
        self._program = require_built("influxd", "PODTWIN_INFLUXD", "speak to InfluxDB 2", _BUILD)
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = port or free_port()
        self._config = config
        self._buckets = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.org_id = ""

    def __enter__(self) -> Self:
        self.start()
        self.set_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts it, and returns once it answers."""
        with (self._folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *self._places(), f"--http-bind-address=127.0.0.1:{self._port}"],
                stdout=log,
                stderr=log,
                env={**os.environ, "INFLUXD_CONFIG_PATH": str(self._config or self._folder)},
            )
        pause = threading.Event()
        for _ in range(round(START_S / 0.1)):
            if self._passes():
                return
            if self._process.poll() is not None:
                break
            pause.wait(0.1)
        raise RuntimeError(f"influxd did not start: {(self._folder / 'influxd.log').read_text()}")

    def set_up(self) -> None:
        """Makes organisation and first token; once for a folder."""
        body = {"username": "operator", "org": ORG, "bucket": "first", "token": TOKEN}
        self.org_id = self.post("/api/v2/setup", body)["org"]["id"]

    def kill(self) -> None:
        """Ends it at once, as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10.0)
            self._process = None

    def stop(self) -> None:
        """Ends it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30.0)
            self._process = None

    def new_bucket(self, *, retention_s: int = 0, name: str | None = None) -> InfluxAddress:
        """An empty bucket, and the operator's token for it. retention_s : 0 keeps for ever."""
        name = name or f"bucket-{next(self._buckets)}"
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        body = {"orgID": self.org_id, "name": name, "retentionRules": rules}
        self.post("/api/v2/buckets", body)
        return InfluxAddress(self.url, ORG, name, TOKEN)

    def new_token(self, bucket: str, *, rights: tuple[str, ...] = ("read", "write")) -> str:
        """A token that may do to one bucket what `rights` says, and nothing else."""
        found = self.get("/api/v2/buckets", name=bucket, org=ORG)["buckets"][0]["id"]
        resource = {"type": "buckets", "id": found, "orgID": self.org_id}
        permissions = [{"action": right, "resource": resource} for right in rights]
        body = {"orgID": self.org_id, "permissions": permissions}
        return str(self.post("/api/v2/authorizations", body)["token"])

    def write(self, address: InfluxAddress, lines: str) -> None:
        """Writes lines with ns times as they are."""
        query = {"org": address.org, "bucket": address.bucket, "precision": "ns"}
        self._call("POST", "/api/v2/write", params=query, content=lines.encode())

    def flux(self, text: str) -> str:
        """The CSV answer to a Flux query, without annotations."""
        body = {"query": text, "dialect": {"annotations": [], "header": True}}
        return self._call("POST", "/api/v2/query", params={"org": ORG}, json=body).text

    def get(self, path: str, **params: str) -> Any:  # noqa: ANN401 - JSON, and a test knows its form
        """What a GET of the API answers."""
        return self._call("GET", path, params=params).json()

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        """What a POST to the API answers."""
        return self._call("POST", path, json=body).json()

    def _places(self) -> list[str]:
        if self._config is not None:
            return []
        return [
            f"--bolt-path={self._folder / 'i.bolt'}",
            f"--engine-path={self._folder / 'engine'}",
            f"--sqlite-path={self._folder / 'i.sqlite'}",
            "--reporting-disabled",
        ]

    def _passes(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - as httpx takes it
        headers = {"Authorization": f"Token {TOKEN}"}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=60.0, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer
