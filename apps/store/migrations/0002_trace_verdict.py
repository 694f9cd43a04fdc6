from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "add_verdict.sql"


class Migration(migrations.Migration):
    dependencies = [("store", "0001_tables")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(), "DROP INDEX trace_to_judge_again; ALTER TABLE trace DROP COLUMN verdict"
        )
    ]
