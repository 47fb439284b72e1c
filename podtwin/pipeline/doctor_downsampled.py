"""Checks of the downsampled buckets of a sink, with the command that puts each thing right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx

from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor_influx import check_read, check_write, client_of, kept_s, length
from podtwin.store.downsampling import count_marked
from podtwin.store.influx_buckets import make_command
from podtwin.store.influx_client import Downsampling, InfluxAddress, InfluxTarget, KeptBucket
from podtwin.store.rollup import HOUR, MINUTE

MANY_HOURS = 10_000  # a month of 14 sites; in a steady run there is one of each


def check_downsampled(target: InfluxTarget, data_dir: Path) -> Iterator[Check]:
    """All checks, for each bucket up to the first that fails; none of a sink without them."""
    plan = target.downsampling
    if plan is None:
        return
    with client_of(target.address) as client:
        for check in _of_buckets(client, target.address, plan):
            yield replace(check, name=f"{target.name} {check.name}")
    if (data_dir / "state.db").exists():
        yield _unmade(target.name, count_marked(data_dir / "state.db", target.name))


def _of_buckets(client: httpx.Client, raw: InfluxAddress, plan: Downsampling) -> Iterator[Check]:
    try:
        raw_s = kept_s(client, raw)
    except (httpx.HTTPError, LookupError):
        return  # said by the checks of the raw bucket
    for rollup, kept in ((MINUTE, plan.minute), (HOUR, plan.hour)):
        address = plan.at(raw, rollup)
        check = next(_wrong(client, address, kept, raw_s), None)
        if check is None:
            found = f"bucket {kept.bucket} is written and read, and keeps {length(kept.keep_s)}"
            check = Check("", Verdict.OK, found)
        yield replace(check, name=f"{rollup.name} {check.name}".rstrip())


def _wrong(
    client: httpx.Client, address: InfluxAddress, kept: KeptBucket, raw_s: int
) -> Iterator[Check]:
    """What is not as it should be, the worst first."""
    write = check_write(client, address)
    if write.verdict is not Verdict.OK:
        missing = write.name == "bucket"
        way_out = make_command(address, kept) if missing else write.way_out
        yield replace(write, way_out=f"{way_out}; the token then needs {_rights(kept)}")
    read = check_read(address)
    if read.verdict is not Verdict.OK:
        yield read
    try:
        keeps_s = kept_s(client, address)
    except (httpx.HTTPError, LookupError) as error:
        yield Check("retention", Verdict.WARN, f"cannot be asked for ({error})", _rights(kept))
        return
    if keeps_s and (not raw_s or keeps_s < raw_s):
        found = f"keeps {length(keeps_s)}, less than the {length(raw_s)} of the raw bucket"
        way_out = f"long ranges would lack what lies between; {_update(kept, raw_s)}"
        yield Check("retention", Verdict.FAIL, found, way_out)
    if keeps_s != kept.keep_s:
        found = f"keeps {length(keeps_s)}, and the settings say {length(kept.keep_s)}"
        yield Check("retention", Verdict.WARN, found, _update(kept, kept.keep_s))


def _update(kept: KeptBucket, keep_s: int) -> str:
    ids = f"influx bucket list --name {kept.bucket} --hide-headers | cut -f 1"
    return f'influx bucket update --id "$({ids})" --retention {keep_s}s'


def _rights(kept: KeptBucket) -> str:
    return f"read:buckets and write:buckets for {kept.bucket}"


def _unmade(sink: str, hours: int) -> Check:
    found = f"{hours} hours of all sites are to be made, the one that goes on among them"
    if hours > MANY_HOURS:
        way_out = (
            "long ranges are read from the raw bucket meanwhile; if it does not fall, see readyz"
        )
        return Check(f"{sink} downsampling", Verdict.WARN, found, way_out)
    return Check(f"{sink} downsampling", Verdict.OK, found)
