"""The workspace everything is in until somebody makes another one."""

from django.db import migrations


def create(apps, _schema_editor) -> None:
    # No explicit id: the table is new, so its sequence gives 1 and stays right for the next one.
    workspace = apps.get_model("accounts", "Workspace").objects.create(name="Default", slug="default")
    if workspace.id != 1:
        raise RuntimeError(f"the default workspace must have id 1, not {workspace.id}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
