"""The downsampled buckets of an InfluxDB: made with their retention where the token may."""

from __future__ import annotations

from typing import Final

import structlog

from podcore.errors import shorten
from podtwin.store.influx_client import Downsampling, InfluxAddress, KeptBucket, connect

ANSWER_S: Final = 20.0
_logger = structlog.get_logger("forward")


def make_buckets(address: InfluxAddress, plan: Downsampling) -> None:
    """Makes those that are missing.

    One that is there stays as it is: to shorten its retention would delete what somebody keeps.
    Where the token may not make one, the first write says that it is not there.
    """
    from influxdb_client.client.exceptions import InfluxDBError  # noqa: PLC0415 - see `connect`
    from influxdb_client.domain.bucket_retention_rules import (  # noqa: PLC0415
        BucketRetentionRules,
    )
    from influxdb_client.rest import ApiException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    with connect(address, ANSWER_S) as client:
        buckets = client.buckets_api()
        for kept in (plan.minute, plan.hour):
            rules = BucketRetentionRules("expire", kept.keep_s)  # type: ignore[no-untyped-call]
            try:
                if buckets.find_bucket_by_name(kept.bucket) is None:
                    buckets.create_bucket(
                        bucket_name=kept.bucket, retention_rules=[rules], org=address.org
                    )
                    _logger.info("bucket_made", bucket=kept.bucket, keep_s=kept.keep_s)
            except (ApiException, InfluxDBError, HTTPError) as error:
                way_out = make_command(address, kept)
                why = shorten(str(error))
                _logger.warning("bucket_not_made", bucket=kept.bucket, why=why, way_out=way_out)


def make_command(address: InfluxAddress, kept: KeptBucket) -> str:
    """What a person with the right to it enters, where the token may not."""
    words = f"influx bucket create --org {address.org} --name {kept.bucket}"
    return f"{words} --retention {kept.keep_s}s --host {address.url}"
