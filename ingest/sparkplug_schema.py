"""The payload of Sparkplug B as protocol buffers: the public schema's numbers, made at run time.

Only what is read is named: fields that are not pass as unknown. Names are bytes here, since text
that is no UTF-8 must cost its metric alone, and values that are no readings stay unread bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

# The library makes its own classes at run time too, and has no types of them.
Field: Any = getattr(descriptor_pb2, "FieldDescriptorProto")  # noqa: B009
FileDescriptor: Any = getattr(descriptor_pb2, "FileDescriptorProto")  # noqa: B009

BOOLEAN = 11  # the number of that datatype
REBIRTH = "Node Control/Rebirth"
_PACKAGE = "podtwin.sparkplug"


class Metric(Protocol):
    """A metric of a payload; whether a field was sent says `HasField`."""

    name: bytes
    alias: int
    timestamp: int
    datatype: int
    is_historical: bool
    is_null: bool

    def HasField(self, name: str, /) -> bool:  # noqa: N802 -- theirs
        """Whether a field was sent."""

    def WhichOneof(self, name: str, /) -> str | None:  # noqa: N802 -- theirs
        """Which of several fields was sent."""


class Payload(Protocol):
    """All of a message."""

    timestamp: int
    metrics: Sequence[Metric]
    seq: int

    def HasField(self, name: str, /) -> bool:  # noqa: N802 -- theirs
        """Whether a field was sent."""


_METRIC = (
    ("name", 1, Field.TYPE_BYTES), ("alias", 2, Field.TYPE_UINT64),
    ("timestamp", 3, Field.TYPE_UINT64), ("datatype", 4, Field.TYPE_UINT32),
    ("is_historical", 5, Field.TYPE_BOOL), ("is_transient", 6, Field.TYPE_BOOL),
    ("is_null", 7, Field.TYPE_BOOL),
)  # fmt: skip
_VALUE = (
    ("int_value", 10, Field.TYPE_UINT32), ("long_value", 11, Field.TYPE_UINT64),
    ("float_value", 12, Field.TYPE_FLOAT), ("double_value", 13, Field.TYPE_DOUBLE),
    ("boolean_value", 14, Field.TYPE_BOOL), ("string_value", 15, Field.TYPE_BYTES),
    ("bytes_value", 16, Field.TYPE_BYTES), ("dataset_value", 17, Field.TYPE_BYTES),
    ("template_value", 18, Field.TYPE_BYTES), ("extension_value", 19, Field.TYPE_BYTES),
)  # fmt: skip


def _file() -> Any:  # noqa: ANN401 -- a class made at run time
    file = FileDescriptor(name="podtwin/sparkplug.proto", package=_PACKAGE, syntax="proto2")
    metric = file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    for name, number, kind in _METRIC:
        metric.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    for name, number, kind in _VALUE:
        value = metric.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
        value.oneof_index = 0
    payload = file.message_type.add(name="Payload")
    for name, number in (("timestamp", 1), ("seq", 3)):
        payload.field.add(
            name=name, number=number, type=Field.TYPE_UINT64, label=Field.LABEL_OPTIONAL
        )
    payload.field.add(
        name="metrics", number=2, type=Field.TYPE_MESSAGE, label=Field.LABEL_REPEATED,
        type_name=f".{_PACKAGE}.Metric",
    )  # fmt: skip
    return file


def _message_class() -> Any:  # noqa: ANN401 -- a class made at run time
    pool = DescriptorPool()  # type: ignore[no-untyped-call]
    pool.Add(_file())  # type: ignore[no-untyped-call]
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.Payload")  # type: ignore[no-untyped-call]
    return GetMessageClass(found)  # type: ignore[no-untyped-call]


_Payload = _message_class()


def read_payload(data: bytes) -> Payload | None:
    """The payload, or None when it is none."""
    try:
        return cast("Payload", _Payload.FromString(data))
    except DecodeError:
        return None


def new_payload(**fields: object) -> bytes:
    """A payload of these fields, its metrics as dictionaries."""
    return cast("bytes", _Payload(**fields).SerializeToString())


def rebirth_command(now_ms: int) -> bytes:
    """What asks an edge node for all its births."""
    metric = {"name": REBIRTH.encode(), "datatype": BOOLEAN, "boolean_value": True}
    return new_payload(timestamp=now_ms, metrics=[metric])
