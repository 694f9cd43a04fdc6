import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import connection

from tests.product import ROOT
from tracer_ui.places import POSTGRES_SOCKET_NAME, SOCKET_PATH_LIMIT_BYTES, socket_directory
from tracer_ui.privileges import become, can_reach

IS_ROOT = os.geteuid() == 0


@pytest.mark.django_db
def test_the_embedded_server_is_postgresql_18_and_commits_to_disk():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')")
        version, commit = cursor.fetchone()
    assert version >= 180000
    assert commit == "on"


class Services:
    """`python -m tracer_ui.embedded` on `data_dir`, as `user` when given."""

    def __init__(self, data_dir, user=None):
        # The checkout and the interpreter may lie where only root can go.
        reachable = user is None or all(can_reach(user, path) for path in (ROOT, Path(sys.executable)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tracer_ui.embedded", "--data-dir", str(data_dir)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=user and become(user, keep_reach=not reachable),
        )

    def __enter__(self):
        lines = [self.process.stdout.readline() for _ in range(3)]
        if not all(lines):
            raise AssertionError(self.process.communicate()[1])
        self.database_url = lines[1].split("=", 1)[1].strip()
        self.children = psutil.Process(self.process.pid).children(recursive=True)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=30)
        assert not [child for child in self.children if child.is_running()]

    def leader(self, word):
        return next(child for child in self.children if word in Path(child.exe()).name)


def test_what_was_stored_is_there_after_a_restart_even_in_a_directory_too_deep_for_a_socket_path(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert len(os.fsencode(socket_directory(deep) / POSTGRES_SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES
    with Services(deep) as services, psycopg.connect(services.database_url) as client:
        client.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with Services(deep) as services, psycopg.connect(services.database_url) as client:
        assert client.execute("SELECT answer FROM kept").fetchone() == (42,)
    shutil.rmtree(socket_directory(deep))


@pytest.mark.skipif(not IS_ROOT, reason="PostgreSQL refuses root only; for anybody else see the next test")
def test_root_runs_postgresql_as_somebody_else_even_behind_a_closed_directory(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with Services(closed / "var") as services:
        assert services.leader("postgres").uids().effective != 0
        assert closed.stat().st_mode & 0o777 == 0o700


def test_an_ordinary_user_runs_both_services_under_their_own_name():
    user = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
    home = Path(tempfile.mkdtemp(prefix="tracer-nobody-"))
    try:
        os.chown(home, user.pw_uid, user.pw_gid)
        with Services(home / "var", user=user if IS_ROOT else None) as services:
            assert {child.uids().effective for child in services.children} == {user.pw_uid}
        # Root may use it too: a later `make up` as root keeps running PostgreSQL as the directory's owner.
        with Services(home / "var") as services:
            assert services.leader("postgres").uids().effective == user.pw_uid
    finally:
        shutil.rmtree(home)


def test_a_data_directory_of_somebody_else_is_refused_in_words():
    """As root: somebody else is refused root's. As anybody else: we are refused the one whose sockets lie in /run."""
    home = Path(tempfile.mkdtemp(prefix="tracer-root-")) if IS_ROOT else Path("/")
    if IS_ROOT:
        home.chmod(0o755)
        (home / "run").mkdir(mode=0o700)
    try:
        refused = Services(home, user=pwd.getpwnam("nobody") if IS_ROOT else None).process
        assert "set TRACER_DATA_DIR to a directory of your own" in refused.communicate(timeout=30)[1]
        assert refused.returncode == 1
    finally:
        if IS_ROOT:
            shutil.rmtree(home)
