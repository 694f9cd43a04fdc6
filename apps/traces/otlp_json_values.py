"""Single values of OTLP/JSON: texts, integers, ids, enums, AnyValue, in every dialect exporters write."""

from __future__ import annotations

import base64
import binascii
import math
import re

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from apps.traces.json_body import TOO_DEEP

MAX_MESSAGE_DEPTH = 100
"""protobuf reads at most 100 messages inside one another; the value of a span's attribute is the sixth."""
INT64, UINT64, UINT32 = (-(2**63), 2**63 - 1), (0, 2**64 - 1), (0, 2**32 - 1)

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_HEX = re.compile(r"[0-9a-fA-F]*", re.ASCII)
_BASE64 = {32: re.compile(r"[A-Za-z0-9+/_-]{22}(?:==)?", re.ASCII), 16: re.compile(r"[A-Za-z0-9+/_-]{11}=?", re.ASCII)}


class Refused(Exception):
    """The span (or other part) being read cannot be kept; the message is for the developer who sent it."""


class Problems:
    """What was repaired or refused, said once with its count."""

    def __init__(self):
        self.rejected = 0
        self._counts: dict[str, int] = {}

    def add(self, message: str) -> None:
        if message in self._counts or len(self._counts) < 20:
            self._counts[message] = self._counts.get(message, 0) + 1

    def messages(self) -> list[str]:
        return [text if count == 1 else f"{text} ({count} times)" for text, count in self._counts.items()]


def get(owner: dict, camel: str, snake: str) -> object:
    """The member under its JSON name or its protobuf name; null counts as absent (ProtoJSON)."""
    value = owner.get(camel)
    return owner.get(snake) if value is None else value


def members(owner: dict, camel: str, snake: str) -> list:
    """A repeated field; [] when absent. Raises Refused when it is no array."""
    value = get(owner, camel, snake)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"{camel} must be an array.")
    return value


def text(value: object, problems: Problems) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if value == TOO_DEEP:
            raise Refused("Values are nested too deeply.")
        # U+0000 stays, as it does in protobuf: payloads hold it, and the store minds what PostgreSQL cannot.
        if value.isascii() or not _HALF_PAIR.search(value):
            return value
        problems.add("Text with half a surrogate pair was repaired (U+FFFD put in).")
        return _HALF_PAIR.sub("\ufffd", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Refused("A text was expected where an object or array stands.")


def integer(value: object, bounds: tuple[int, int], name: str) -> int:
    """A number, or a number as text (ProtoJSON writes 64-bit integers so); 0 when absent. Raises Refused."""
    number = _whole_number(value)
    if number is None:
        raise Refused(f"{name} must be an integer.")
    if not bounds[0] <= number <= bounds[1]:
        raise Refused(f"{name} is out of range.")
    return number


def count(value: object) -> int:
    """A dropped-…-count: no span is refused for one."""
    return min(max(0, _whole_number(value) or 0), UINT32[1])


def _whole_number(value: object) -> int | None:
    if value is None or value == "":
        return 0
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and len(value) <= 40:
        try:
            return int(value)
        except ValueError:
            value = _float(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return None


def _float(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def identifier(value: object, digits: int, name: str) -> bytes:
    """An id from hex of any case; b"" when absent. Raises Refused, with advice for base64."""
    if value is None or value == "":
        return b""
    if not isinstance(value, str):
        raise Refused(f"{name} must be a text of {digits} hex digits.")
    if len(value) == digits and _HEX.fullmatch(value):
        return bytes.fromhex(value)
    if _BASE64[digits].fullmatch(value):
        raise Refused(
            f"{name} is base64, as generic protobuf-to-JSON encoders write it; OTLP/JSON wants {digits} hex digits."
        )
    raise Refused(f"{name} must have {digits} hex digits, not {value[:40]!a}.")


def enumerated(value: object, names: tuple[str, ...], prefix: str) -> int:
    """An enum by number, or by name though OTLP forbids it; 0 when unknown."""
    if isinstance(value, str):
        name = value.upper().removeprefix(prefix)
        if name in names:
            return names.index(name)
    number = _whole_number(value)
    return number if number is not None and 0 <= number < 2**31 else 0


def key_values(pairs: list, problems: Problems, depth: int) -> list[KeyValue]:
    """`depth` is the number of messages the pairs stand in."""
    found = []
    for pair in pairs:
        if not isinstance(pair, dict):
            _refuse_depth(pair)
            problems.add("An attribute that is no {key, value} object was left out.")
            continue
        built = KeyValue(key=text(pair.get("key"), problems))
        if pair.get("value") is not None:
            built.value.CopyFrom(any_value(pair["value"], problems, depth + 2))
        found.append(built)
    return found


def any_value(value: object, problems: Problems, depth: int) -> AnyValue:
    """`depth` counts the AnyValue itself. Recursion ends with MAX_MESSAGE_DEPTH. Raises Refused."""
    if depth > MAX_MESSAGE_DEPTH:
        raise Refused("Values are nested too deeply.")
    if not isinstance(value, dict):
        return _bare_value(value, problems)
    built = AnyValue()
    for name, inner in value.items():
        read = _KINDS.get(name)
        if read and inner is not None:
            read(built, inner, problems, depth)
    return built


def _bare_value(value: object, problems: Problems) -> AnyValue:
    """`"value": "x"` without its type: no dialect of OTLP, but what it means is plain."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, int) and INT64[0] <= value <= INT64[1]:
        return AnyValue(int_value=value)
    if value is None:
        return AnyValue()
    return AnyValue(string_value=text(value, problems))


def _refuse_depth(value: object) -> None:
    if value == TOO_DEEP:
        raise Refused("Values are nested too deeply.")


def _read_string(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    built.string_value = text(value, problems)


def _read_bool(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    built.bool_value = value.lower() == "true" if isinstance(value, str) else bool(value)


def _read_int(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    number = _whole_number(value)
    if number is not None and INT64[0] <= number <= INT64[1]:
        built.int_value = number
        return
    # Kept as text: better found as "18446744073709551616" than lost.
    problems.add("An intValue that is no 64-bit integer was kept as text.")
    built.string_value = text(value, problems)


def _read_double(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    number = _float(value) if isinstance(value, str) else value
    if isinstance(number, int | float):
        try:
            built.double_value = float(number)
            return
        except OverflowError:
            pass
    problems.add("A doubleValue that is no number was kept as text.")
    built.string_value = text(value, problems)


def _read_bytes(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    encoded = text(value, problems)
    try:
        plain = encoded.replace("-", "+").replace("_", "/").rstrip("=")
        built.bytes_value = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        problems.add("A bytesValue that is no base64 was kept as text.")
        built.string_value = encoded


def _inner(value: object) -> list:
    """`{"values": […]}`, or the bare array that some hand-written exporters send."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        _refuse_depth(value)
        raise Refused("arrayValue and kvlistValue must be objects with values.")
    inner = value.get("values")
    _refuse_depth(inner)
    return inner if isinstance(inner, list) else []


def _read_array(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    built.array_value.SetInParent()
    for item in _inner(value):
        built.array_value.values.append(any_value(item, problems, depth + 2))


def _read_kvlist(built: AnyValue, value: object, problems: Problems, depth: int) -> None:
    built.kvlist_value.SetInParent()
    built.kvlist_value.values.extend(key_values(_inner(value), problems, depth + 1))


_KINDS = {
    "stringValue": _read_string, "string_value": _read_string,
    "boolValue": _read_bool, "bool_value": _read_bool,
    "intValue": _read_int, "int_value": _read_int,
    "doubleValue": _read_double, "double_value": _read_double,
    "bytesValue": _read_bytes, "bytes_value": _read_bytes,
    "arrayValue": _read_array, "array_value": _read_array,
    "kvlistValue": _read_kvlist, "kvlist_value": _read_kvlist,
}  # fmt: skip
