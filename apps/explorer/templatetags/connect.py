"""The Connect page's recipes, wherever they are shown."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.explorer.connect.guide import Guide, guide_for

register = template.Library()

_NAME = re.compile(r"\b((?:OTEL|NODE|DJANGO)_[A-Z_]+)(?==)")


@register.simple_tag(takes_context=True)
def connect_guide(context: template.Context) -> Guide:
    """The recipes with this installation's address: for pages whose view did not make a guide."""
    return guide_for(context["request"])


@register.filter
def snippet(code: str) -> SafeString:
    """Text to copy, with the names of settings marked."""
    return mark_safe(_NAME.sub(r"<i>\1</i>", escape(code)))
