"""Small parts every page draws: icons and service names."""

import json
import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

HUES = 14
"""Colours in the palette; services 15 to 28 repeat them with a ring."""


def hue_class(hue: int | None) -> str:
    """CSS classes of a service's hue (1 to 28, more wrap round); grey when it has none yet."""
    if not hue:
        return "s-net"
    turn, index = divmod(hue - 1, HUES)
    return f"s{index + 1} ring" if turn % 2 else f"s{index + 1}"


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite in parts/icons.html: {% icon "search" "i-14" %}. Decoration, never the only label."""
    return format_html('<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>', f"i {classes}".strip(), name)


@register.filter
def as_json(value: object) -> str:
    """JSON as text, to be escaped like any text. Not in a script element: htmx throws those away."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@register.simple_tag(takes_context=True)
def hue(context: template.Context, service: str) -> SafeString:
    """The hue classes of a service, from the `hues` of the context."""
    return mark_safe(hue_class(_hues(context).get(service)))


@register.simple_tag(takes_context=True)
def svc(context: template.Context, service: str, href: str = "") -> SafeString:
    """A service's square and name: {% svc service %}, or as a link {% svc service href %}."""
    classes = hue_class(_hues(context).get(service))
    if href:
        return format_html('<a class="svc {}" href="{}">{}</a>', classes, href, service)
    return format_html('<span class="svc {}">{}</span>', classes, service)


@register.simple_tag
def breakable(text: str) -> SafeString:
    """An attribute key that may be broken after its dots and underscores."""
    return mark_safe(re.sub(r"([._])", r"\1<wbr>", escape(text)))


def _hues(context: template.Context) -> dict[str, int]:
    return context.get("hues") or {}
