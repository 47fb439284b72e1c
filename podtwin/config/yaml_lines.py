"""YAML with lines: documents by the YAML 1.2 core schema, and the line of every place in them.

PyYAML resolves by YAML 1.1, where `9.0e5` is a string and `off` is false; the rules here are
those of YAML 1.2 (yaml.org/spec/1.2.2, 10.3). Anchors are not taken: a small file with nested
aliases unfolds to gigabytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import yaml

from podcore.errors import ConfigError

MAX_BYTES = 2_000_000  # 2,000 points of 200 B each, five times over
MAX_DEPTH = 40  # a site file has 5; deeper ones would end the parser's stack

_MAX_DIGITS = 40  # longer ones are read as floats: Python refuses integers of 4,300 digits

_HALF = re.compile("[\ud800-\udfff]")  # an escape can write one, and nothing can encode it
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: MappingProxyType[str, bool | float | None] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
        **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
        **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
        **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    }
)

Value = dict[str, "Value"] | list["Value"] | str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    lines : of each place, `""` for the whole and `assets[3].points.power` for what is inside.
    """

    value: Value
    lines: MappingProxyType[str, int]

    def line(self, place: str) -> int | None:
        """The line of a place, or of the nearest place around it."""
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place)


def read_documents(text: bytes, file: str) -> list[Document]:
    """All documents of a file.

    Raises
    ------
    ConfigError  When the file is too large, no YAML, or has a key twice, an anchor or a tag.
    """
    if len(text) > MAX_BYTES:
        rule = f"a file has at most {MAX_BYTES} bytes"
        raise ConfigError("size", len(text), rule, "split it", file=file)
    try:
        return [_document(node, file) for node in _nodes(text.decode("utf-8"), file)]
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start}", None, "the file is not UTF-8", file=file) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        rule = f"no YAML: {error.problem or error.context}"
        line = mark.line + 1 if mark else None
        raise ConfigError("text", None, rule, file=file, line=line) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise ConfigError("text", None, f"no YAML: {error}", file=file) from None


def _nodes(text: str, file: str) -> Iterator[yaml.Node]:
    # Events are counted before nodes are composed, since composing and resolving recurse.
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(
                "text",
                f"*{event.anchor}",
                "aliases are not taken",
                "write it out",
                file=file,
                line=line,
            )
        if isinstance(event, yaml.ScalarEvent) and _HALF.search(event.value):
            rule = "half a surrogate pair is no character"
            raise ConfigError("text", ascii(event.value)[1:-1], rule, file=file, line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            rule = f"lists and maps are nested at most {MAX_DEPTH} deep"
            raise ConfigError("text", None, rule, file=file, line=line)
    yield from yaml.compose_all(text, Loader=yaml.SafeLoader)


def _document(node: yaml.Node, file: str) -> Document:
    lines: dict[str, int] = {}
    value = _value(node, "", lines, file)
    return Document(value, MappingProxyType(lines))


def _value(node: yaml.Node, place: str, lines: dict[str, int], file: str) -> Value:
    lines.setdefault(place, _line(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, file)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, f"{place}[{index}]", lines, file) for index, item in enumerate(node.value)
        ]
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style:
        return text
    value = _plain(text)
    if isinstance(value, float) and not math.isfinite(value):
        rule = "a number here is finite"
        raise ConfigError(place or "document", value, rule, file=file, line=_line(node))
    return value


def _mapping(
    node: yaml.MappingNode, place: str, lines: dict[str, int], file: str
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError(place or "document", None, "a key is a word", file=file, line=line)
        key = str(key_node.value)
        inside = f"{place}.{key}" if place else key
        if key in found:
            first = lines[inside]
            raise ConfigError(
                inside,
                None,
                f"the key stands already in line {first}",
                "take one of them out",
                file=file,
                line=line,
            )
        lines[inside] = line
        found[key] = _value(value_node, inside, lines, file)
    return found


def _line(marked: yaml.Node | yaml.Event) -> int:
    # The stubs allow no mark, for nodes made by hand; a parsed one has it.
    return marked.start_mark.line + 1 if marked.start_mark else 0


def _plain(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _INT.fullmatch(text) and len(text) < _MAX_DIGITS:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
