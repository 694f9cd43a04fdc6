"""Reads typed values from the environment; a bad value is an error that names the variable and says what it may be."""

import os
import re
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

KNOWN = (
    "TRACER_ADMIN_PASSWORD", "TRACER_ALLOWED_HOSTS", "TRACER_BIND", "TRACER_DATA_DIR", "TRACER_DAY_RETENTION_DAYS",
    "TRACER_HOUR_RETENTION_DAYS", "TRACER_HTTP_PORT", "TRACER_INGEST_KEY", "TRACER_LOG_LEVEL",
    "TRACER_MAX_BACKLOG_SPANS", "TRACER_MAX_BODY_BYTES", "TRACER_METRICS_TOKEN", "TRACER_MINUTE_RETENTION_DAYS",
    "TRACER_OPEN", "TRACER_OTLP_PORT", "TRACER_OTLP_WORKERS", "TRACER_PUBLIC_URL", "TRACER_QUIET_SECONDS",
    "TRACER_RETENTION_DAYS", "TRACER_ROLE", "TRACER_SECRET_KEY", "TRACER_STATIC_ROOT", "TRACER_TEN_RETENTION_DAYS",
    "TRACER_THREADS", "TRACER_WEB_WORKERS", "TRACER_WORKER_PROCESSES",
)  # fmt: skip
"""Every variable that begins with TRACER_ and means something to us."""
# Kubernetes tells every container of a service named `tracer-ui` in variables like TRACER_UI_PORT_8000_TCP_ADDR.
_OF_KUBERNETES = re.compile(r"TRACER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")


class BadSetting(Exception):
    """A setting has a value that cannot be used; the message names the variable."""


def refuse_unknown() -> None:
    """Raises BadSetting for a TRACER_ variable that nothing reads, with the one that was probably meant."""
    for name in sorted(os.environ):
        if name.startswith("TRACER_") and name not in KNOWN and not _is_of_kubernetes(name):
            near = get_close_matches(name, KNOWN, n=1, cutoff=0.0)[0]
            raise BadSetting(f"{name} is not a setting of tracer-ui; did you mean {near}?")


def _is_of_kubernetes(name: str) -> bool:
    if not _OF_KUBERNETES.fullmatch(name):
        return False
    return not name.endswith("_PORT") or "://" in os.environ[name] or name.endswith("_SERVICE_PORT")


def text(name: str, default: str = "") -> str:
    """The variable, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number in [least, most]; underscores are allowed (`64_000_000`)."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise BadSetting(f"{name}={value!r} is not a whole number") from None
    if not least <= number <= most:
        raise BadSetting(f"{name}={value} must be between {least} and {most}")
    return number


def flag(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}={value!r} is neither true nor false (use 1 or 0)")


def names(name: str) -> list[str]:
    """A comma-separated list, without blanks and empty parts."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def url(name: str, schemes: tuple[str, ...]) -> str:
    """A URL with one of `schemes`, or an empty string when unset."""
    value = text(name)
    if value and urlsplit(value).scheme not in schemes:
        # The value may hold a password, so the message does not repeat it.
        raise BadSetting(f"{name} must start with {' or '.join(scheme + '://' for scheme in schemes)}")
    return value


def address(name: str, default: str) -> str:
    """An IP address to listen on; `localhost` means 127.0.0.1."""
    value = text(name, default)
    if value == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(value))
    except ValueError:
        raise BadSetting(
            f"{name}={value!r} is not an IP address (127.0.0.1 for this machine only, 0.0.0.0 for every network)"
        ) from None


def is_loopback(bind: str) -> bool:
    """Whether only this machine can connect to `bind`."""
    return ip_address(bind).is_loopback


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of `choices`."""
    value = text(name, default)
    if value not in choices:
        raise BadSetting(f"{name}={value!r} must be one of {', '.join(choices)}")
    return value
