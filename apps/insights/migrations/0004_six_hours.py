from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "add_six_hours.sql"

DROP = "DROP TABLE IF EXISTS rollup_six; ALTER TABLE rollup_closed DROP COLUMN sixes_at"


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_messages")]
    operations = [migrations.RunSQL(SQL.read_text(), DROP)]
