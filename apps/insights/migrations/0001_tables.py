from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "create_tables.sql"

DROP = "DROP TABLE IF EXISTS rollup_key, rollup_inbox, rollup_minute, rollup_hour, rollup_day, rollup_closed CASCADE"


class Migration(migrations.Migration):
    """Plain SQL, as the store's tables: partitions have no words in Django."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SQL.read_text(), DROP)]
