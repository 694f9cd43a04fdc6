from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "create_tables.sql"

DROP = "DROP TABLE IF EXISTS batch, refused_batch, trace, service, span_name, attribute_key, dictionary CASCADE; DROP SEQUENCE IF EXISTS dictionary_id"


class Migration(migrations.Migration):
    """The storage tables are plain SQL: partitions, storage modes and GIN options have no words in Django."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SQL.read_text(), DROP)]
