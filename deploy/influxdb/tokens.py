"""Tokens for one bucket of InfluxDB 2, each with the rights that it needs and no others.

    python tokens.py --admin-token-file FILE --out DIR podtwin:rw grafana:r edge-ams-03:w

Each becomes a file of its name in DIR, readable by owner and group. A token that is there and
still does what it should stays; else a new one is made and the old one of that name is revoked.
The bucket is made when it is missing, and kept as it is when it is there.
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
    admin = wanted.admin_token_file.read_text(encoding="utf-8").strip()
    with client(wanted.url, admin) as influx:
        org = org_id(influx, wanted.org)
        bucket = bucket_id(influx, org, wanted.bucket)
        for name, _, rights in (spec.partition(":") for spec in wanted.tokens):
            path = wanted.out / name
            if path.exists() and works(wanted, path.read_text().strip(), bucket, rights):
                say(f"{name}: the token of {path} stays")
                continue
            revoke(influx, org, name)
            keep(path, make(influx, org, bucket, name, rights))
            say(f"{name}: a new token in {path}, may {' and '.join(RIGHTS[r] for r in rights)}")


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description="Tokens for one bucket of InfluxDB 2.")
    parser.add_argument("--url", default="http://influxdb:8086")
    parser.add_argument("--org", default="podtwin")
    parser.add_argument("--bucket", default="podtwin")
    parser.add_argument("--admin-token-file", type=Path, required=True)
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


def client(url: str, token: str) -> httpx.Client:
    """Speaks to InfluxDB as the owner of a token."""
    headers = {"Authorization": f"Token {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30.0)


def org_id(influx: httpx.Client, name: str) -> str:
    """The id of the organisation; without one the set-up is not done."""
    (org,) = call(influx, "GET", "/api/v2/orgs", params={"org": name})["orgs"]
    return str(org["id"])


def bucket_id(influx: httpx.Client, org: str, name: str) -> str:
    """The id of the bucket, made to keep for ever when there is none."""
    # Asked for by name, one that is missing would be an error.
    known = call(influx, "GET", "/api/v2/buckets", params={"orgID": org, "limit": "100"})
    found = [bucket for bucket in known["buckets"] if bucket["name"] == name]
    if not found:
        body = {"orgID": org, "name": name, "retentionRules": []}
        found = [call(influx, "POST", "/api/v2/buckets", json=body)]
    return str(found[0]["id"])


def works(wanted: argparse.Namespace, token: str, bucket: str, rights: str) -> bool:
    """Whether a token may do to the bucket what it should, and nothing more."""
    into = {"org": wanted.org, "bucket": wanted.bucket}
    with client(wanted.url, token) as influx:
        reads = influx.get(f"/api/v2/buckets/{bucket}").is_success
        writes = influx.post("/api/v2/write", params=into, content=b"").is_success
    return (reads, writes) == ("r" in rights, "w" in rights)


def revoke(influx: httpx.Client, org: str, name: str) -> None:
    """Ends the tokens of that name that were made before."""
    known = call(influx, "GET", "/api/v2/authorizations", params={"orgID": org})
    for token in known["authorizations"]:
        if token.get("description") == OURS + name:
            call(influx, "DELETE", f"/api/v2/authorizations/{token['id']}")


def make(influx: httpx.Client, org: str, bucket: str, name: str, rights: str) -> str:
    """A new token."""
    resource = {"type": "buckets", "id": bucket, "orgID": org}
    permissions = [{"action": RIGHTS[right], "resource": resource} for right in rights]
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
