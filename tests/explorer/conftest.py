"""An empty store, and what processes remember of it forgotten."""

import pytest


@pytest.fixture
def empty_store(transactional_db) -> None:
    """Nothing is stored, and this process remembers nothing that was."""
    from django.db import connection

    from apps.accounts.models import DEFAULT_WORKSPACE_ID, Workspace
    from apps.store.names import forget_written

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE batch, trace, service, span_name, attribute_key")
    forget_written()
    Workspace.objects.get_or_create(id=DEFAULT_WORKSPACE_ID, defaults={"name": "Default", "slug": "default"})
