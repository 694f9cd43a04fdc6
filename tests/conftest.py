"""Starts PostgreSQL and Redis in a temporary directory before Django reads its settings."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import django
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.contenttypes.management import create_contenttypes
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from hypothesis import HealthCheck, settings

from tests.product import ROOT, IdleConnection, Product, free_ports
from tracer_ui.privileges import die_with_parent

# Properties are about results, not speed: a busy machine must not fail them. Speed has tests of its own.
settings.register_profile("results", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("results")


def start_services() -> Path:
    """Both embedded services for this test run, stopped (and their data removed) when it ends; their directory."""
    home = Path(tempfile.mkdtemp(prefix="tracer-test-"))
    home.chmod(0o755)
    data_dir = home / "var"
    command = [sys.executable, "-m", "tracer_ui.embedded", "--data-dir", str(data_dir)]
    with (home / "services.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    if not all(lines):
        raise RuntimeError("PostgreSQL and Redis did not start:\n" + (home / "services.log").read_text())
    return data_dir


for name in [name for name in os.environ if name.startswith("TRACER_")] + ["DATABASE_URL", "REDIS_URL"]:
    os.environ.pop(name, None)
os.environ["TRACER_DATA_DIR"] = str(start_services())
os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"
django.setup()  # settings are read here, after the environment is ready

# Each test client loads the middleware anew, and would look for all static files each time.
django_settings.WHITENOISE_AUTOREFRESH = True
# Emptying the database would make again, each time, what nobody asks for.
post_migrate.disconnect(create_contenttypes)
post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")


def delete_what_is_there(
    operations: DatabaseOperations, style: object, tables: Iterable[str], **_: object
) -> list[str]:
    """Instead of TRUNCATE of all tables after each test with transactions of its own, which makes a new file for each
    and each of its indexes: they hold some rows, most of them none. What refers to what is checked at the end."""
    from tests.storing import filled

    quoted = [operations.quote_name(table) for table in tables]
    with operations.connection.cursor() as cursor:
        return [f"DELETE FROM {table}" for table in filled(cursor, quoted)]


DatabaseOperations.sql_flush = delete_what_is_there


@receiver(post_migrate, sender=apps.get_app_config("accounts"))
def keep_the_default_workspace(**_: object) -> None:
    """A test with transactions of its own ends by emptying the database, which takes the row that a migration made, and
    tests come in any order. Django sends this signal after it has emptied, and before the next test."""
    from apps.accounts.models import DEFAULT_WORKSPACE_ID, Workspace

    Workspace.objects.get_or_create(id=DEFAULT_WORKSPACE_ID, defaults={"name": "Default", "slug": "default"})


def pytest_xdist_setupnodes() -> None:
    """Before the processes that share the suite start: they must not inherit the settings of this one, with which
    pytest-django would fill theirs before this file is read there. Each starts a PostgreSQL and a Redis of its own.
    This one runs no tests then; it has started both, too, because files that it imports need the settings."""
    del os.environ["TRACER_DATA_DIR"], os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup) -> Iterator[None]:
    """A database that somebody is connected to cannot be dropped at the end."""
    from apps.store.at_once import close_connections

    yield
    close_connections()


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Pages name their static files by hash, which needs the collected files."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> None:
    """What is asked in this process reads as much as it wants: what it says is tested, and a busy machine must not
    change it. That reading stops where there is no time left has tests that set the time."""
    from apps.explorer.search import hints
    from apps.insights import error_groups, judged
    from apps.insights.why import contrast, samples, searched

    for module in (samples, searched, contrast, error_groups):
        module.BUDGET_SECONDS = 60.0
    samples.LONG_BUDGET_SECONDS = judged.BUDGET_S = hints.BUDGET_S = 60.0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The real product (web, OTLP, worker, beat, its own PostgreSQL and Redis) with traces sealed after one second.

    Shared by all tests of a process: they make their own trace ids and attribute values, and look only for those.
    """
    web_port, otlp_port = free_ports(2)
    product = Product(tmp_path_factory.mktemp("server"), web_port, otlp_port, {"TRACER_QUIET_SECONDS": "1"})
    product.start()
    product.idle = IdleConnection(product.otlp_url, pause_s=32)
    yield product
    product.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator["object"]:
    """A playwright Browser."""
    from playwright.sync_api import expect

    from tests.look import ONE_PROCESS, browser

    # Playwright runs an event loop in this thread, and Django refuses database calls where it sees one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # A click is over when the next page begins to come: what it holds is asked with `expect`, which waits.
    expect.set_options(timeout=30_000)
    with browser(ONE_PROCESS) as chrome:
        yield chrome
