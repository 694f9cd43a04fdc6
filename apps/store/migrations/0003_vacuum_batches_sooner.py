from django.db import migrations


class Migration(migrations.Migration):
    """Every search looks at this table; each dead row in it takes its time until it is vacuumed."""

    dependencies = [("store", "0002_trace_verdict")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE batch SET (autovacuum_vacuum_threshold = 200)",
            "ALTER TABLE batch SET (autovacuum_vacuum_threshold = 2000)",
        )
    ]
