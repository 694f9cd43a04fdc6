"""Map, services and slow in a real browser, over the real product, with names of strangers among the others."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.explorer.test_why_in_browser import HOSTILE, told  # noqa: F401
from tests.look import after_midnight, look, problems_everywhere

STRANGER = quote(HOSTILE[2] + HOSTILE[3], safe="")
PAGES = (
    "/map?range=1h", "/map?range=1h&caller=service:payment&callee=external:bank-api", "/map?range=1h&view=table",
    "/map?range=1h&mark=errors&zoom=full", "/services?range=1h", "/services/payment?range=1h",
    f"/services/{STRANGER}?range=1h", "/slow?range=1h&against=before", "/slow?range=1h",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_figures_is_readable_in_both_themes_and_at_all_widths(server, chromium, told, path):  # noqa: F811
    with look(chromium, f"{server.web_url}{path}&{after_midnight()}") as page:
        assert problems_everywhere(page) == []


@pytest.mark.parametrize("path", ["/map", "/services", "/services/payment", "/slow"])
def test_every_page_of_figures_is_there_without_javascript(server, chromium, told, path):  # noqa: F811
    with look(chromium, f"{server.web_url}{path}?range=1h", has_js=False) as page:
        assert page.locator("h1").inner_text()
        assert "payment" in page.locator("main").inner_text()
