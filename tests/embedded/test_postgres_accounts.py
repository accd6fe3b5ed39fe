"""The system user that runs the server, and the files it runs from."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest

from conftest import SOURCE, Playground
from understudy.embedded import EmbeddedServer, PostgresUnavailable, UnusableFolder
from understudy.embedded.accounts import Account, server_account
from understudy.embedded.binaries import Installation, find_installation
from understudy.embedded.cache_folders import choose_data_base
from understudy.embedded.datacache import _initialise
from understudy.embedded.programs import runnable_programs

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start as somebody else")


@as_root
def test_root_runs_it_as_nobody(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn()) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    folder = Path(row[0])
    postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    assert psutil.Process(postmaster).uids().real == pwd.getpwnam("nobody").pw_uid
    assert psutil.Process(postmaster).gids().real == pwd.getpwnam("nobody").pw_gid


@as_root
@pytest.mark.parametrize("role", ["postgres", "humble"])
def test_another_process_of_nobody_is_not_let_in_without_a_password(
    server: EmbeddedServer, role: str
) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("DROP ROLE IF EXISTS humble; CREATE ROLE humble LOGIN")
    urls = server.dsn(), server.socket_dsn()
    refusals = []
    for url in urls:
        place = url.partition("@")[2]
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            with pytest.raises(psycopg.OperationalError) as raised:
                psycopg.connect(f"postgresql://{role}:guess@{place}")
        finally:
            os.seteuid(0)
        refusals.append(str(raised.value))

    for refusal in refusals:
        assert "Peer authentication failed" in refusal or "password authentication" in refusal


@as_root
def test_an_ordinary_user_runs_it_as_itself(playground: Playground) -> None:
    """With a copy of the packages, since the environment of these tests may be out of reach."""
    user = next(entry for entry in pwd.getpwall() if entry.pw_name not in ("root", "nobody"))
    uid, gid = user.pw_uid, user.pw_gid
    for folder in (playground.data, playground.cache):
        folder.mkdir(exist_ok=True)
        os.chown(folder, uid, gid)
    of_another_user = playground.data / "understudy-1-00000000"
    of_another_user.mkdir(mode=0o700)
    packages = playground.root / "packages"
    installed = Path(psycopg.__file__).parents[1]
    for name in ("psutil", "psycopg", "psycopg_binary", "psycopg_binary.libs"):
        shutil.copytree(installed / name, packages / name)
    shutil.copy(installed / "typing_extensions.py", packages)
    wheel = find_installation().prefix.parent
    shutil.copytree(
        wheel, packages / wheel.name, ignore=shutil.ignore_patterns("pginstall", "*.a", "include")
    )
    shutil.copytree(wheel.parent / f"{wheel.name}.libs", packages / f"{wheel.name}.libs")
    shutil.copytree(SOURCE, packages, dirs_exist_ok=True)
    script = playground.root / "program.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(packages)!r})\n"
        # Python has loaded what it needs from out of reach; from here on, only an ordinary user.
        "import json, zipfile, platform, hashlib, subprocess, urllib.parse, tempfile, ipaddress\n"
        "import psycopg, understudy.embedded.server, psutil, uuid, decimal, asyncio\n"
        "import encodings.idna\n"
        f"os.setgroups([]); os.setgid({gid}); os.setuid({uid})\n"
        "with understudy.embedded.EmbeddedServer() as server:\n"
        "    with psycopg.connect(server.dsn()) as connection:\n"
        "        row = connection.execute('SHOW data_directory').fetchone()\n"
        "        print(os.stat(row[0]).st_uid, oct(os.stat(row[0]).st_mode))\n"
    )
    done = playground.run(f"import runpy; runpy.run_path({str(script)!r})")
    assert done.stdout == f"{uid} 0o40700\n", done.stderr
    assert [path.stat().st_uid for path in playground.cache.iterdir()] == [uid]
    of_another_user.rmdir()
    assert playground.settles()


@as_root
def test_binaries_out_of_reach_are_copied_once(
    at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = at_home.root / "private"
    private.mkdir(mode=0o700)
    wheel = find_installation().prefix.parent
    packages = private / "packages"
    shutil.copytree(
        find_installation().prefix,
        packages / wheel.name / "pginstall18",
        ignore=shutil.ignore_patterns("*.a", "include"),
    )
    shutil.copytree(wheel.parent / f"{wheel.name}.libs", packages / f"{wheel.name}.libs")
    hidden = Installation(packages / wheel.name / "pginstall18")
    at_home.cache.mkdir(mode=0o755)

    first = runnable_programs(hidden, server_account())
    program = first.installation.program("postgres")
    assert program.is_relative_to(at_home.cache)
    assert first.version == runnable_programs(find_installation(), server_account()).version
    assert stat.S_IMODE(private.stat().st_mode) == 0o700, "nothing of the user's was touched"
    made = program.stat().st_ino
    assert runnable_programs(hidden, server_account()) == first
    assert program.stat().st_ino == made

    program.unlink()
    assert runnable_programs(hidden, server_account()) == first
    assert program.exists()
    assert at_home.leftovers() == []

    # The usual case: root's own cache folder is closed to others, so the copy goes elsewhere.
    at_home.cache.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(at_home.root))
    elsewhere = runnable_programs(hidden, server_account()).installation.program("postgres")
    assert elsewhere.is_relative_to(at_home.root / "understudy-root")

    # Not into a folder of that name that somebody else has made.
    os.chown(at_home.root / "understudy-root", 54321, 54321)
    with pytest.raises(UnusableFolder) as caught:
        runnable_programs(hidden, server_account())
    assert str(caught.value) == (
        "PostgreSQL runs as nobody because the tests run as root, and nobody cannot reach any "
        "folder for a copy of PostgreSQL. "
        f"Tried: {at_home.cache}, {at_home.root}/understudy-root.\n"
        "Set UNDERSTUDY_CACHE_DIR to a folder whose parents everybody may enter (chmod o+x)."
    )


@as_root
def test_a_server_runs_from_copied_binaries(
    at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.cache.mkdir(mode=0o755)
    reaches = Account.reaches
    monkeypatch.setattr(
        Account,
        "reaches",
        lambda self, folder: "pginstall" not in str(folder) and reaches(self, folder),
    )
    with EmbeddedServer() as server, psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        running = [process.cmdline()[0] for process in at_home.processes()]
        assert any(name.startswith(str(at_home.cache)) for name in running)


@as_root
def test_the_servers_user_cannot_reach_a_data_folder(
    at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.data.chmod(0o700)
    with pytest.raises(UnusableFolder) as caught:
        choose_data_base(server_account())
    assert str(caught.value) == (
        "PostgreSQL runs as nobody because the tests run as root, and nobody cannot reach any "
        "folder for live data. "
        f"Tried: {at_home.data}.\n"
        "Set UNDERSTUDY_DATA_DIR to a folder whose parents everybody may enter (chmod o+x)."
    )


@as_root
def test_a_user_that_the_system_does_not_know(playground: Playground) -> None:
    """As in containers that are run under any number for a user id."""
    account = Account("54321", 54321, 54321)
    os.chown(playground.data, 54321, 54321)
    programs = runnable_programs(find_installation(), account)
    with pytest.raises(PostgresUnavailable) as caught:
        _initialise(playground.data / "data", programs, [], account.popen_arguments | {"env": {}})
    assert str(caught.value) == (
        "initdb, which builds the data directory, ended with exit code 1:\n"
        "initdb: could not look up effective user ID 54321: user does not exist\n"
        "To use a PostgreSQL that is already running, set UNDERSTUDY_POSTGRES_URL, for example to "
        "postgresql://user:password@localhost:5432/postgres."
    )


@as_root
def test_the_user_nobody_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.embedded.accounts._SERVER_USER", "no-such-user")
    with pytest.raises(PostgresUnavailable) as caught:
        server_account()
    assert str(caught.value) == (
        "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it as.\n"
        "Run the tests as an ordinary user. To use a PostgreSQL that is already running, set "
        "UNDERSTUDY_POSTGRES_URL, for example to "
        "postgresql://user:password@localhost:5432/postgres."
    )


def test_root_that_may_not_become_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    installation = find_installation()
    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(PostgresUnavailable) as caught:
        runnable_programs(installation, Account("nobody", os.getuid(), os.getgid()))
    assert str(caught.value) == (
        "PostgreSQL refuses to run as root, and it could not be started as nobody: "
        "[Errno 1] Operation not permitted\n"
        "Run the tests as an ordinary user. To use a PostgreSQL that is already running, set "
        "UNDERSTUDY_POSTGRES_URL, for example to "
        "postgresql://user:password@localhost:5432/postgres."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the binary is a shell script")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'libz.so.1: cannot open' >&2; exit 127", "libz.so.1: cannot open"),
        ("exit 3", "exit code 3"),
    ],
)
def test_a_binary_that_does_not_run(playground: Playground, script: str, reason: str) -> None:
    (playground.root / "bin").mkdir()
    binary = playground.root / "bin" / "postgres"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    with pytest.raises(PostgresUnavailable) as caught:
        runnable_programs(Installation(playground.root), Account("me"))
    assert str(caught.value) == (
        f"The embedded PostgreSQL does not run: {binary} --version failed: {reason}\n"
        "To use a PostgreSQL that is already running, set UNDERSTUDY_POSTGRES_URL, for example to "
        "postgresql://user:password@localhost:5432/postgres."
    )
