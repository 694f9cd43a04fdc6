"""An empty store with the default workspace, which emptying the database also takes away."""

import pytest

from apps.accounts.models import DEFAULT_WORKSPACE_ID, Workspace
from tests.storing import store as empty_tables  # noqa: F401


@pytest.fixture
def empty_store(empty_tables) -> None:  # noqa: F811
    Workspace.objects.get_or_create(id=DEFAULT_WORKSPACE_ID, defaults={"name": "Default", "slug": "default"})
