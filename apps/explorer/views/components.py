"""`/components`: every part of the pages, with its states."""

import re
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from apps.explorer.gallery.example import HUES, example_results, example_rows
from apps.explorer.gallery.figures import example_figures
from apps.explorer.gallery.tokens import palette, token_rows

SECTIONS = (
    ("tokens", "Colours"),
    ("palette", "Services"),
    ("type", "Type and space"),
    ("actions", "Buttons"),
    ("forms", "Inputs"),
    ("chips", "Chips and pills"),
    ("results", "Search results"),
    ("waterfall", "Waterfall row"),
    ("tables", "Tables and tabs"),
    ("marks", "Marks"),
    ("charts", "Charts"),
    ("surfaces", "Panels and menus"),
    ("figures", "Figures"),
    ("telling", "Telling"),
    ("waiting", "Waiting"),
    ("icons", "Icons"),
)
TYPE = (
    (24, 32, "The sentence. Inter Display 500, its subject 600"),
    (20, 28, "Page title"),
    (16, 24, "A panel's subject"),
    (14, 20, "Section heading, running text"),
    (13, 20, "Everything else: rows, controls, cells"),
    (12, 16, "Meta, chips, small controls, mono values"),
    (11, 16, "Ticks, labels, pills. Nothing smaller"),
)


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Drawn by the same style sheets and template parts as the real pages; the figures are examples."""
    page = {
        "sections": SECTIONS,
        "tokens": token_rows(),
        "palette": palette(),
        "type_sizes": TYPE,
        "spaces": (4, 8, 12, 16, 24, 32, 48),
        "hues": HUES,
        "page": example_results(),
        "blocks": example_rows(),
        "figure": example_figure(),
        "figures": example_figures(),
        "icons": icon_names(),
    }
    return render(request, "explorer/components.html", page)


@cache
def icon_names() -> tuple[str, ...]:
    """Every icon of the sprite, by name."""
    return tuple(sorted(re.findall(r'id="i-([\w-]+)"', render_to_string("parts/icons.html"))))


def example_figure() -> dict:
    """A latency scatter as the search page draws it, of made-up requests."""
    minutes = range(60)
    slow = {44: 1730, 47: 1920, 51: 1490}
    took_ms = [slow.get(minute, 180 + (minute * 37) % 160) for minute in minutes]
    times = [f"2026-11-19 14:{minute:02}:00" for minute in minutes]
    usual = {"type": "scatter", "mode": "markers", "x": times, "y": took_ms}
    usual |= {"customdata": ["/components#tables"] * len(times)}
    usual |= {"text": [f"checkout POST /orders\n{ms} ms" for ms in took_ms]}
    usual |= {"marker": {"size": 4.5, "opacity": 0.7, "color": "var(--mark)"}}
    failed = {"type": "scatter", "mode": "markers", "x": times[44:45], "y": [1730]}
    failed |= {"text": ["checkout <retry>\n1.73 s, ERROR"]}
    failed |= {"marker": {"symbol": "x-thin", "size": 5.5, "line": {"width": 1.75, "color": "var(--error)"}}}
    return {"data": [usual, failed], "layout": {"xaxis": {"type": "date"}, "yaxis": {"ticksuffix": " ms"}}}
