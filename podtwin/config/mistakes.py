"""What msgspec refused, said so that the file's owner can mend it.

msgspec names a path (`$.assets[3].rating[...]`) and a rule. Here the path becomes a place with
its value and line, keys of maps (which it leaves out) are found again, and a wrong word gets the
nearest right one.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import inspect

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.config.yaml_lines import Document, Value

_MESSAGE = re.compile(r"(?P<rule>.*?)(?: - at `(?P<path>\$.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`")
_WRONG_WORD = re.compile(r"Invalid enum value .*", re.DOTALL)
_WRONG_TYPE = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_PATTERN = re.compile(r"Expected `str` matching regex .*", re.DOTALL)

_Step = str | int


def mistake(
    error: msgspec.ValidationError, document: Document, schema: type, file: str
) -> ConfigError:
    """The refusal as an error with place, value, rule, way out, file and line."""
    found = _MESSAGE.fullmatch(str(error))
    rule, path = (found["rule"], found["path"] or "$") if found else (str(error), "$")
    steps = _steps(path, document.value, schema)
    kind = _type_at(inspect.type_info(schema), steps)
    value = _value_at(document.value, steps)
    steps, shown, rule, way_out = _explain(rule, steps, value, kind)
    place = _place(steps)
    return ConfigError(
        place or "document", shown, rule, way_out, file=file, line=document.line(place)
    )


def _explain(
    rule: str, steps: list[_Step], value: Value, kind: inspect.Type | None
) -> tuple[list[_Step], object, str, str]:
    if unknown := _UNKNOWN.fullmatch(rule):
        key = unknown["key"]
        shown = value.get(key) if isinstance(value, dict) else None
        return [*steps, key], shown, "is no key here", did_you_mean(key, _keys(kind))
    if missing := _MISSING.fullmatch(rule):
        return steps, None, f"the key {missing['key']!r} is missing", f"add {missing['key']}: ..."
    if _WRONG_WORD.fullmatch(rule):
        return (
            steps,
            value,
            "is none of the words known here",
            did_you_mean(str(value), _words(kind)),
        )
    if value is None and not steps:
        return steps, None, "the document is empty", "see `podtwin config schema site`"
    if wrong := _WRONG_TYPE.fullmatch(rule):
        wanted = wrong["wanted"].replace(" | ", " or ")
        return steps, value, f"should be of type {wanted}, not {wrong['got']}", ""
    if _PATTERN.fullmatch(rule):
        described = _description(kind)
        return steps, value, described or rule, ""
    return steps, value, rule[:1].lower() + rule[1:].replace("`", ""), ""


def _steps(path: str, value: Value, schema: type) -> list[_Step]:
    steps: list[_Step] = []
    for match in _STEP.finditer(path):
        if match["any"]:
            steps.append(_guilty_key(value, steps, schema))
        else:
            steps.append(int(match["index"]) if match["index"] else match["key"])
    return steps


def _guilty_key(value: Value, steps: list[_Step], schema: type) -> str:
    # msgspec says [...] for a key of a map: the map with one key at a time shows which it is.
    # It stops at the first fault of the document, so what stands before is right.
    inside = _value_at(value, steps)
    keys = list(inside) if isinstance(inside, dict) else []
    for key in keys:
        try:
            msgspec.convert(_with_only(value, steps, key), schema)
        except msgspec.ValidationError as error:
            if _place_of(error).startswith(_pattern(steps) + "[...]"):
                return key
    return "..."


def _with_only(value: Value, steps: list[_Step], key: str) -> Value:
    if not steps:
        return {key: value[key]} if isinstance(value, dict) else value
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        return {k: _with_only(v, rest, key) if k == step else v for k, v in value.items()}
    if isinstance(value, list):
        return [_with_only(v, rest, key) if i == step else v for i, v in enumerate(value)]
    return value


def _place_of(error: msgspec.ValidationError) -> str:
    found = _MESSAGE.fullmatch(str(error))
    return (found["path"] or "$") if found else "$"


def _pattern(steps: list[_Step]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _value_at(value: Value, steps: list[_Step]) -> Value:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _type_at(kind: inspect.Type | None, steps: list[_Step]) -> inspect.Type | None:
    for step in steps:
        kind = _bare(kind)
        if isinstance(kind, inspect.StructType):
            kind = next((f.type for f in kind.fields if f.encode_name == step), None)
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
        elif isinstance(kind, inspect.ListType):
            kind = kind.item_type
        else:
            return None
    return _bare(kind)


def _bare(kind: inspect.Type | None) -> inspect.Type | None:
    """The type without its description, and of a choice the part that has a shape."""
    if isinstance(kind, inspect.UnionType):
        shaped = (inspect.StructType, inspect.EnumType, inspect.LiteralType)
        return next((t for t in kind.types if isinstance(_bare(t), shaped)), kind)
    if isinstance(kind, inspect.Metadata) and not (kind.extra_json_schema or {}).get("description"):
        return _bare(kind.type)
    return kind


def _keys(kind: inspect.Type | None) -> list[str]:
    return [f.encode_name for f in kind.fields] if isinstance(kind, inspect.StructType) else []


def _words(kind: inspect.Type | None) -> list[str]:
    if isinstance(kind, inspect.EnumType):
        return [str(member.value) for member in kind.cls]
    return [str(word) for word in kind.values] if isinstance(kind, inspect.LiteralType) else []


def _description(kind: inspect.Type | None) -> str:
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {}).get("description", ""))
    return ""


def _place(steps: list[_Step]) -> str:
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
        else:
            place += f".{step}" if place else step
    return place
