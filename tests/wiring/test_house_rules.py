import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import ROOT

SCRIPTS = Path(sys.executable).parent


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["lint-imports"]], ids=["ruff", "imports"])
def test_the_code_keeps_its_own_rules(command):
    done = subprocess.run([SCRIPTS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_migrations_say_what_the_models_say():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_file_names_a_package_registry():
    """Who installs may have a mirror of their own, so the pinned requirements carry hashes and no addresses."""
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(), path.name
