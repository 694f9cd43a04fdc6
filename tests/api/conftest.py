"""A store with two workspaces, open to whoever asks."""

from __future__ import annotations

import pytest

from apps.accounts.models import Workspace
from tests.storing import store  # noqa: F401


@pytest.fixture
def api(store, client, settings):  # noqa: F811
    """Gets an address and gives the answer back; `api.json(address)` its JSON, `api.data(address)` Jaeger's data."""
    settings.TRACER_OPEN = True
    return Api(client)


def make_workspace(number: int, name: str) -> Workspace:
    return Workspace.objects.get_or_create(id=number, defaults={"name": name, "slug": name.lower()})[0]


class Api:
    def __init__(self, client):
        self.client = client

    def __call__(self, address: str, params: dict | None = None, **headers):
        answer = self.client.get(address, params or {}, headers=headers)
        assert not answer.headers.get("Content-Type", "").startswith("text/html"), address
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return answer

    def json(self, address: str, params: dict | None = None, status: int = 200, **headers):
        answer = self(address, params, **headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def data(self, address: str, params: dict | None = None):
        body = self.json(address, params)
        assert set(body) == {"data", "total", "limit", "offset", "errors"}
        assert body["data"] is not None
        assert body["errors"] is None
        return body["data"]
