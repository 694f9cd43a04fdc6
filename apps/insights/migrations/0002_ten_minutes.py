from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "add_ten_minutes.sql"

DROP = "DROP TABLE IF EXISTS rollup_ten; ALTER TABLE rollup_closed DROP COLUMN tens_at; TRUNCATE rollup_closed"


class Migration(migrations.Migration):
    dependencies = [("insights", "0001_tables")]
    operations = [migrations.RunSQL(SQL.read_text(), DROP)]
