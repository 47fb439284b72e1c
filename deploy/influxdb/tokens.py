"""Tokens for one bucket of InfluxDB 2, or several, each with the rights that it needs alone.

    python tokens.py --admin-token-file FILE --out DIR podtwin:rw grafana:r edge-ams-03:w

Each becomes a file of its name in DIR, readable by owner and group. A token that is there and
still does what it should stays; else a new one is made and the old one of that name is revoked.
The bucket is made when it is missing, and kept as it is when it is there; `--retention 400d` is
how long a new one keeps, for ever by default. `--also podtwin_1m=400d`, any number of times, names
a bucket beside it that is made likewise, and that the tokens reach as well.

A server that was never set up is, with `--admin-password-file FILE`: organisation, bucket, and a
first user `admin` with that password and the token of `--admin-token-file`. Secrets go from files
to files and so reach neither the command line nor the environment of a process.
"""  # noqa: INP001 - a script of its own, run in a container

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import httpx

RIGHTS = {"r": "read", "w": "write"}
OURS = "podtwin/deploy: "  # in the description, by which a token is found again


def main() -> None:
    """Make what is missing; ends with 1 and a reason when InfluxDB refuses."""
    wanted = arguments()
    admin = secret(wanted.admin_token_file)
    with client(wanted.url, admin) as influx:
        if wanted.admin_password_file is not None:
            set_up(influx, wanted, admin)
        org = org_id(influx, wanted.org)
        named = [(wanted.bucket, wanted.retention), *wanted.also]
        buckets = {name: bucket_id(influx, org, name, kept_s) for name, kept_s in named}
        for name, _, rights in (spec.partition(":") for spec in wanted.tokens):
            path = wanted.out / name
            if path.exists() and works(wanted, path.read_text().strip(), buckets, rights):
                say(f"{name}: the token of {path} stays")
                continue
            revoke(influx, org, name)
            keep(path, make(influx, org, list(buckets.values()), name, rights))
            say(f"{name}: a new token in {path}, may {' and '.join(RIGHTS[r] for r in rights)}")


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description="Tokens for one bucket of InfluxDB 2.")
    parser.add_argument("--url", default="http://influxdb:8086")
    parser.add_argument("--org", default="podtwin")
    parser.add_argument("--bucket", default="podtwin")
    parser.add_argument("--admin-token-file", type=Path, required=True)
    parser.add_argument("--admin-password-file", type=Path)
    parser.add_argument("--retention", type=seconds, default=0, help="as 36h, 400d; 0 for ever")
    parser.add_argument("--also", type=also, action="append", default=[], metavar="NAME=RETENTION")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("tokens", nargs="+", type=spec, metavar="NAME:RIGHTS", help="as grafana:r")
    return parser.parse_args()


def spec(text: str) -> str:
    """A name and its rights, as they were given."""
    name, _, rights = text.partition(":")
    plain = name.replace("-", "").isalnum() and not name.startswith("-")
    if not (plain and rights and set(rights) <= set(RIGHTS)):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME:RIGHTS; write podtwin:rw")
    return text


def also(text: str) -> tuple[str, int]:
    """A bucket and its retention; without one it keeps for ever."""
    name, _, kept = text.partition("=")
    return name, seconds(kept or "0")


def seconds(text: str) -> int:
    """A length of time in seconds; InfluxDB keeps an hour at least, or for ever."""
    number, unit = text[:-1], {"h": 3_600, "d": 86_400, "w": 604_800}.get(text[-1:])
    if text == "0":
        return 0
    if unit is None or not number.isdigit() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time; write 36h, 400d or 0")
    return int(number) * unit


def secret(path: Path) -> str:
    """What a file holds, without the end of its line."""
    return path.read_text(encoding="utf-8").strip()


def client(url: str, token: str) -> httpx.Client:
    """Speaks to InfluxDB as the owner of a token."""
    headers = {"Authorization": f"Token {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30.0)


def set_up(influx: httpx.Client, wanted: argparse.Namespace, admin: str) -> None:
    """Organisation, bucket and the first user, unless there is one."""
    if not call(influx, "GET", "/api/v2/setup")["allowed"]:
        say("the server is set up")
        return
    body = {
        "username": "admin",
        "password": secret(wanted.admin_password_file),
        "token": admin,
        "org": wanted.org,
        "bucket": wanted.bucket,
        "retentionPeriodSeconds": wanted.retention,
    }
    call(influx, "POST", "/api/v2/setup", json=body)
    say(f"set up: organisation {wanted.org}, bucket {wanted.bucket}, user admin")


def org_id(influx: httpx.Client, name: str) -> str:
    """The id of the organisation; without one the set-up is not done."""
    (org,) = call(influx, "GET", "/api/v2/orgs", params={"org": name})["orgs"]
    return str(org["id"])


def bucket_id(influx: httpx.Client, org: str, name: str, retention_s: int) -> str:
    """The id of the bucket, made when there is none."""
    # Asked for by name, one that is missing would be an error.
    known = call(influx, "GET", "/api/v2/buckets", params={"orgID": org, "limit": "100"})
    found = [bucket for bucket in known["buckets"] if bucket["name"] == name]
    if not found:
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        body = {"orgID": org, "name": name, "retentionRules": rules}
        found = [call(influx, "POST", "/api/v2/buckets", json=body)]
    kept_s = next((rule["everySeconds"] for rule in found[0]["retentionRules"]), 0)
    if kept_s != retention_s:
        # Shorter, and the server would delete what somebody keeps; that is for a person to do.
        say(f"bucket {name} keeps {length(kept_s)} as before, not {length(retention_s)}")
    return str(found[0]["id"])


def length(seconds: int) -> str:
    """A retention in words."""
    return f"{seconds / 3_600:g} h" if seconds else "for ever"


def works(wanted: argparse.Namespace, token: str, buckets: dict[str, str], rights: str) -> bool:
    """Whether a token may do to each bucket what it should, and nothing more."""
    with client(wanted.url, token) as influx:
        for name, bucket in buckets.items():
            into = {"org": wanted.org, "bucket": name}
            reads = influx.get(f"/api/v2/buckets/{bucket}").is_success
            writes = influx.post("/api/v2/write", params=into, content=b"").is_success
            if (reads, writes) != ("r" in rights, "w" in rights):
                return False
    return True


def revoke(influx: httpx.Client, org: str, name: str) -> None:
    """Ends the tokens of that name that were made before."""
    known = call(influx, "GET", "/api/v2/authorizations", params={"orgID": org})
    for token in known["authorizations"]:
        if token.get("description") == OURS + name:
            call(influx, "DELETE", f"/api/v2/authorizations/{token['id']}")


def make(influx: httpx.Client, org: str, buckets: list[str], name: str, rights: str) -> str:
    """A new token."""
    permissions = [
        {"action": RIGHTS[right], "resource": {"type": "buckets", "id": bucket, "orgID": org}}
        for bucket in buckets
        for right in rights
    ]
    body = {"orgID": org, "description": OURS + name, "permissions": permissions}
    return str(call(influx, "POST", "/api/v2/authorizations", json=body)["token"])


def keep(path: Path, token: str) -> None:
    """Writes it under another name first: a reader finds the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(token, encoding="utf-8")
    new.chmod(0o440)
    new.rename(path)


def call(influx: httpx.Client, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
    """The answer of the API; the end of this script, with InfluxDB's words, when it refuses."""
    try:
        answer = influx.request(method, path, **more)
    except httpx.HTTPError as error:
        sys.exit(f"{influx.base_url} does not answer: {error}")
    if not answer.is_success:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


def say(text: str) -> None:
    """A line for who reads the container's log."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
