import os
import re
import subprocess
import sys

import pytest

from tests.product import ROOT, Product, free_ports
from tracer_ui.environment import KNOWN

SHOW = "from django.conf import settings as s; s.DEBUG; print(*[getattr(s, name) for name in {names!r}], sep='|')"


def read(names=("DEBUG",), **environment):
    """The settings of a fresh process with exactly these variables: (exit code, what it printed)."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(names=list(names))],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "tracer_ui.settings", **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, (done.stdout or done.stderr).strip()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TRACER_HTTP_PORT": "http"}, "TRACER_HTTP_PORT='http' is not a whole number"),
        ({"TRACER_OTLP_PORT": "70000"}, "TRACER_OTLP_PORT=70000 must be between 1 and 65535"),
        ({"TRACER_HTTP_PORT": "4318"}, "TRACER_HTTP_PORT and TRACER_OTLP_PORT are both 4318"),
        ({"TRACER_BIND": "everywhere"}, "TRACER_BIND='everywhere' is not an IP address"),
        ({"TRACER_BIND": "0.0.0.0"}, "TRACER_ALLOWED_HOSTS must name the hosts people use when TRACER_BIND is 0.0.0.0"),
        ({"TRACER_RETENTION_DAYS": "0"}, "TRACER_RETENTION_DAYS=0 must be between 1 and 3650"),
        ({"TRACER_QUIET_SECONDS": "-3"}, "TRACER_QUIET_SECONDS=-3 must be between"),
        ({"TRACER_OPEN": "perhaps"}, "TRACER_OPEN='perhaps' is neither true nor false"),
        ({"DATABASE_URL": "mysql://db/x"}, "DATABASE_URL must start with postgresql://"),
        ({"DATABASE_URL": "postgresql://db/x?nonsense=1"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgresql://db/x"}, "TRACER_SECRET_KEY must be set when DATABASE_URL is"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must start with redis://"),
        ({"TRACER_HTPP_PORT": "1"}, "TRACER_HTPP_PORT is not a setting of tracer-ui; did you mean TRACER_HTTP_PORT?"),
        ({"TRACER_WEB_PORT": "8001"}, "TRACER_WEB_PORT is not a setting of tracer-ui"),
        ({"TRACER_DATA_DIR": "/proc/x"}, "TRACER_DATA_DIR=/proc/x cannot be used: No such file or directory"),
        ({"TRACER_PUBLIC_URL": "traces.example.com"}, "TRACER_PUBLIC_URL must start with http://"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(environment, said, tmp_path):
    code, output = read(**{"TRACER_DATA_DIR": str(tmp_path), **environment})
    assert code != 0
    assert said in output.splitlines()[-1]


def test_every_variable_that_the_code_or_a_document_names_is_known():
    files = [ROOT / "README.md", ROOT / "docker-compose.yml", *ROOT.glob("docs/**/*.md")]
    files += [path for folder in ("apps", "tracer_ui", "bench") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in files for name in re.findall(r"\bTRACER_[A-Z_]+[A-Z]\b", path.read_text())}
    assert named - set(KNOWN) == {"TRACER_EMBEDDED_DATABASE", "TRACER_EMBEDDED_REDIS"}  # computed, never read


def test_what_kubernetes_says_of_a_service_of_our_name_is_no_setting(tmp_path):
    said = {"TRACER_UI_SERVICE_HOST": "10.0.0.1", "TRACER_UI_SERVICE_PORT_HTTP": "80", "TRACER_UI_PORT": "tcp://10.0.0.1:80",
            "TRACER_UI_PORT_80_TCP_ADDR": "10.0.0.1", "TRACER_SERVICE_PORT": "80"}  # fmt: skip
    assert read(["TRACER_HTTP_PORT"], TRACER_DATA_DIR=str(tmp_path), **said) == (0, "8000")


@pytest.mark.parametrize(
    "given",
    [
        {"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x", "TRACER_SECRET_KEY": "k"},
        {"REDIS_URL": "redis://me:hunter2@127.0.0.1:1/0"},
    ],
)
def test_a_server_that_was_given_and_does_not_answer_is_named_in_one_message(given, tmp_path):
    product = Product(tmp_path, *free_ports(2), given)
    with pytest.raises(RuntimeError, match=f"{next(iter(given))} does not let us in: .*refused"):
        product.start()
    assert len(product.log().splitlines()) <= 2
    assert "hunter2" not in product.log()


def test_a_password_in_a_bad_url_is_not_printed(tmp_path):
    code, output = read(TRACER_DATA_DIR=str(tmp_path), DATABASE_URL="mysql://me:hunter2@db/x")
    assert code != 0
    assert "hunter2" not in output.splitlines()[-1]


def test_an_empty_environment_means_this_machine_only_with_everything_included(tmp_path):
    names = ("TRACER_BIND", "TRACER_HTTP_PORT", "TRACER_OTLP_PORT", "TRACER_OPEN", "TRACER_EMBEDDED_DATABASE")
    assert read(names, TRACER_DATA_DIR=str(tmp_path)) == (0, "127.0.0.1|8000|4318|True|True")


@pytest.mark.parametrize(
    "environment",
    [
        {"TRACER_BIND": "0.0.0.0", "TRACER_ALLOWED_HOSTS": "traces.example.com"},
        {"DATABASE_URL": "postgresql://db/x", "TRACER_SECRET_KEY": "k"},
        {"TRACER_OPEN": "0"},
    ],
)
def test_whoever_can_be_reached_by_others_or_says_so_asks_for_a_login(environment, tmp_path):
    assert read(["TRACER_OPEN"], TRACER_DATA_DIR=str(tmp_path), **environment) == (0, "False")


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    first, second = (read(["SECRET_KEY"], TRACER_DATA_DIR=str(tmp_path)) for _ in range(2))
    assert first == second
    assert len(first[1]) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_database_url_keeps_its_parts_and_options(tmp_path):
    url = "postgresql://me:p%40ss@db.example.com:6432/traces?sslmode=require"
    code, output = read(["DATABASES"], TRACER_DATA_DIR=str(tmp_path), DATABASE_URL=url, TRACER_SECRET_KEY="k")
    assert code == 0
    for part in ("'NAME': 'traces'", "'PASSWORD': 'p@ss'", "'PORT': '6432'", "'sslmode': 'require'"):
        assert part in output


@pytest.mark.parametrize(
    ("url", "broker"),
    [("unix:///run/redis.sock", "redis+socket:///run/redis.sock"), ("redis://r:6379/1", "redis://r:6379/1")],
)
def test_celery_and_redis_py_reach_the_same_redis(url, broker, tmp_path):
    assert read(["CELERY_BROKER_URL"], TRACER_DATA_DIR=str(tmp_path), REDIS_URL=url) == (0, broker)
