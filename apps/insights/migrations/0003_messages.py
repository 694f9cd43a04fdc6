from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "add_messages.sql"


class Migration(migrations.Migration):
    dependencies = [("insights", "0002_ten_minutes")]
    operations = [migrations.RunSQL(SQL.read_text(), "DROP TABLE IF EXISTS rollup_put, rollup_taken")]
