from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_default_workspace")]
    operations = [
        migrations.AddField(model_name="ingestkey", name="can_read", field=models.BooleanField(default=False)),
    ]
