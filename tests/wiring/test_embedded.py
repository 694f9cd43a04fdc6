import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_embedded_server_is_postgresql_18_and_commits_to_disk():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')")
        version, commit = cursor.fetchone()
    assert version >= 180000
    assert commit == "on"
