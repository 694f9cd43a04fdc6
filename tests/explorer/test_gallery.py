"""The colour tokens keep their promises."""

import pytest

from apps.explorer.gallery.colour import contrast, seen_as, smallest_distance
from apps.explorer.gallery.tokens import HUE_NAMES, STATES, THEMES, colours, palette, text_surfaces, token_rows

TEXT = ["ink", "ink-2", "ink-3", "accent-ink", *(f"{state}-ink" for state in STATES)]
DRAWN = [f"svc-{n}" for n in range(1, 15)] + ["error", "warn", "good", "accent", "line-control", "path", "mark"]


@pytest.mark.parametrize(("first", "second", "ratio"), [
    ("#000000", "#FFFFFF", 21.0), ("#FFFFFF", "#FFFFFF", 1.0), ("#767676", "#FFFFFF", 4.54),
    ("#FF0000", "#FFFFFF", 4.0),
])  # fmt: skip
def test_contrast_is_the_guidelines_ratio(first, second, ratio):
    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert contrast(second, first) == contrast(first, second)


def test_red_and_green_come_close_for_who_cannot_tell_them_apart():
    pair = ["#C00000", "#508000"]
    assert smallest_distance(pair, "deuteranopia") < smallest_distance(pair, "normal") / 3
    assert seen_as("#808080", "protanopia") == "#808080"
    assert smallest_distance(["#000000", "#FFFFFF"], "normal") == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_aa_on_every_surface_and_marks_are_3_to_1_on_the_page(theme):
    known = colours()[theme]
    low = [
        (name, surface)
        for name in TEXT
        for surface in text_surfaces(name)
        if contrast(known[name], known[surface]) < 4.5
    ]
    low += [("on-accent", to) for to in ("accent", "accent-hover") if contrast(known["on-accent"], known[to]) < 4.5]
    low += [(name, "bg") for name in DRAWN if contrast(known[name], known["bg"]) < 3]
    assert low == []


def test_any_two_services_can_be_told_apart():
    floors = {"normal": (8.9, 11.5), "deuteranopia": (5.0, 6.3), "protanopia": (5.0, 6.3), "tritanopia": (6.8, 9.6)}
    assert [vision for vision, _, _ in palette().distances] == list(floors)
    for vision, of_all, of_eight in palette().distances:
        assert of_all >= floors[vision][0], vision
        assert of_eight >= floors[vision][1], vision


def test_the_page_shows_every_token_and_hue(db, client, settings):
    settings.TRACER_OPEN = True
    page = client.get("/components").content.decode()
    for row in token_rows():
        assert f"--{row.name}<" in page
    for number, name in enumerate(HUE_NAMES, 1):
        assert f"{number} {name}<" in page
    assert 'class="svc s2 ring"' in page
