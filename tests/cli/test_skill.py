"""`understudy skill`, and what the skill itself has to hold."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from docs.site_commands import commands
from docs.site_options import flags

from understudy import __version__
from understudy.cli import main, skill_folders

AGENTS = Path(".agents/skills/understudy")
CLAUDE = Path(".claude/skills/understudy")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder, and a home folder beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["skill", *arguments], prog_name="understudy")


def installed(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != skill_folders.RECORD
    }


# The command ---------------------------------------------------------------------------------


def test_install_copies_the_skill() -> None:
    result = run("install")

    count = len(skill_folders.sources())
    assert (result.exit_code, result.output) == (0, f"{AGENTS}: {count} added\n")
    assert installed(AGENTS) == skill_folders.sources()
    assert not CLAUDE.exists()


@pytest.mark.parametrize(
    ("there", "options", "expected"),
    [
        ([], [], [AGENTS]),
        ([".claude"], [], [CLAUDE]),
        ([".claude", ".agents"], [], [AGENTS, CLAUDE]),
        ([".claude"], ["--agents"], [AGENTS]),
        ([], ["--claude"], [CLAUDE]),
        ([], ["--agents", "--claude"], [AGENTS, CLAUDE]),
        ([], ["--path", ".cursor/skills"], [Path(".cursor/skills/understudy")]),
        (
            [],
            ["--claude", "--path", "a", "--path", "b"],
            [CLAUDE, *map(Path, ("a/understudy", "b/understudy"))],
        ),
    ],
)
def test_where_it_goes(there: list[str], options: list[str], expected: list[Path]) -> None:
    for name in there:
        Path(name).mkdir()

    assert run("install", *options).exit_code == 0
    assert {path.parent for path in Path().rglob("SKILL.md")} == set(expected)


@pytest.mark.parametrize(
    ("options", "expected"), [([], AGENTS), (["--claude"], CLAUDE)], ids=["agents", "claude"]
)
def test_install_for_all_projects_of_a_user(options: list[str], expected: Path) -> None:
    assert run("install", "--user", *options).exit_code == 0
    assert installed(Path.home() / expected) == skill_folders.sources()
    assert list(Path().iterdir()) == []


def test_claudes_own_variable_names_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(Path.home() / "elsewhere"))

    assert run("install", "--user", "--claude").exit_code == 0
    assert (Path.home() / "elsewhere/skills/understudy/SKILL.md").is_file()


def test_a_second_install_changes_nothing() -> None:
    run("install")
    before = {path: path.stat().st_mtime_ns for path in AGENTS.rglob("*")}

    result = run("install")

    assert (result.exit_code, result.output) == (0, f"{AGENTS}: up to date\n")
    assert {path: path.stat().st_mtime_ns for path in AGENTS.rglob("*")} == before


def older_version() -> None:
    """Leave what an install of an older version would have left."""
    run("install")
    (AGENTS / "SKILL.md").write_text("an older text\n", encoding="utf-8")
    (AGENTS / "references/faults.md").unlink()
    (AGENTS / "references/gone.md").write_text("no longer there\n", encoding="utf-8")
    record = json.loads((AGENTS / skill_folders.RECORD).read_text(encoding="utf-8"))
    del record["files"]["references/faults.md"]
    for name in ("SKILL.md", "references/gone.md"):
        record["files"][name] = skill_folders._digest((AGENTS / name).read_bytes())
    (AGENTS / skill_folders.RECORD).write_text(json.dumps(record), encoding="utf-8")


def test_an_older_version_is_updated() -> None:
    older_version()
    unchanged = len(skill_folders.sources()) - 2

    result = run("install")

    assert (result.exit_code, result.output) == (
        0,
        f"{AGENTS}: 1 updated, {unchanged} unchanged, 1 added, 1 removed\n",
    )
    assert installed(AGENTS) == skill_folders.sources()


def test_check_tells_and_changes_nothing() -> None:
    older_version()
    before = installed(AGENTS)

    result = run("install", "--check")

    assert result.exit_code == 1
    assert result.output.startswith(f"{AGENTS}: not up to date: 1 updated, ")
    assert installed(AGENTS) == before
    run("install")
    assert run("install", "--check").exit_code == 0


def test_a_file_that_the_user_changed_is_kept() -> None:
    run("install", "--agents", "--claude")
    changed = CLAUDE / "references" / "faults.md"
    changed.write_text("mine\n", encoding="utf-8")
    (AGENTS / "SKILL.md").unlink()

    result = run("install", "--agents", "--claude")

    assert (result.exit_code, result.output) == (
        2,
        "Error: These files are not as Understudy has written them:\n"
        f"  {changed}\n"
        "Nothing was written. To replace them: understudy skill install --force\n",
    )
    assert changed.read_text(encoding="utf-8") == "mine\n"
    assert not (AGENTS / "SKILL.md").exists()


def test_force_replaces_it() -> None:
    run("install")
    (AGENTS / "SKILL.md").write_text("mine\n", encoding="utf-8")

    result = run("install", "--force")

    assert result.exit_code == 0
    assert installed(AGENTS) == skill_folders.sources()


def test_line_ends_of_a_checkout_on_windows_are_no_change() -> None:
    run("install")
    for path in AGENTS.rglob("*.md"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert run("install").output == f"{AGENTS}: up to date\n"


def test_a_users_own_file_stays() -> None:
    run("install")
    (AGENTS / "references" / "ours.md").write_text("mine\n", encoding="utf-8")

    assert run("install").output == f"{AGENTS}: up to date\n"
    assert (AGENTS / "references" / "ours.md").is_file()


def link(target: Path) -> None:
    AGENTS.parent.mkdir(parents=True)
    try:
        AGENTS.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("this user may make no links, as on Windows without its developer mode")


def test_a_link_of_library_skills_is_left_alone() -> None:
    link(skill_folders.SOURCE)

    result = run("install")

    assert (result.exit_code, result.output) == (0, f"{AGENTS}: a link to this version\n")
    assert AGENTS.is_symlink()
    assert not (skill_folders.SOURCE / skill_folders.RECORD).exists()


def test_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    link(tmp_path / "gone")

    result = run("install")

    assert (result.exit_code, result.output) == (
        2,
        f"Error: {AGENTS} is a link to {tmp_path / 'gone'}, which is not the skill of this "
        "understudy.\nRemove the link, or let the program that made it update it: "
        "uvx library-skills\n",
    )


def test_a_file_in_the_folders_place_is_refused() -> None:
    AGENTS.parent.mkdir(parents=True)
    AGENTS.write_text("", encoding="utf-8")

    result = run("install")

    assert (result.exit_code, result.output) == (
        2,
        f"Error: {AGENTS} is a file; the skill needs a folder.\n",
    )


def test_a_folder_that_cannot_be_made_is_one_message() -> None:
    Path(".agents").write_text("", encoding="utf-8")

    result = run("install", "--agents")

    assert result.exit_code == 2
    assert result.output.startswith("Error: Cannot install into .agents")
    assert list(Path().iterdir()) == [Path(".agents")]


def test_a_broken_record_is_one_message() -> None:
    run("install")
    (AGENTS / skill_folders.RECORD).write_text("[]", encoding="utf-8")

    result = run("install")

    assert result.exit_code == 2
    assert result.output.startswith(
        f"Error: {AGENTS / skill_folders.RECORD} is not what Understudy writes there: "
    )


def test_json() -> None:
    document = json.loads(run("install", "--format", "json").output)

    (folder,) = document.pop("folders")
    assert document == {"skill": "understudy", "version": __version__}
    assert {"path": "SKILL.md", "state": "added"} in folder.pop("files")
    assert folder == {"folder": AGENTS.as_posix(), "linked": False, "current": False}


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ([], "SKILL.md"),
        (["faults"], "references/faults.md"),
        (["faults.md"], "references/faults.md"),
    ],
)
def test_show(arguments: list[str], file: str) -> None:
    assert run("show", *arguments).output == skill_folders.sources()[file].decode()


def test_show_says_which_references_there_are() -> None:
    result = run("show", "fault")

    assert result.exit_code == 2
    assert result.output.startswith("Error: The skill has no reference 'fault'. It has: asyncpg, ")


# The skill -----------------------------------------------------------------------------------

TEXTS = {name: content.decode() for name, content in skill_folders.sources().items()}


def test_the_front_matter_follows_the_convention() -> None:
    """https://agentskills.io/specification."""
    _, matter, _ = TEXTS["SKILL.md"].split("---\n", 2)
    fields = yaml.safe_load(matter)

    assert fields.keys() == {"name", "description"}
    assert fields["name"] == skill_folders.SOURCE.name == "understudy"
    assert 0 < len(fields["description"]) <= 1024


def test_the_skill_is_short() -> None:
    assert len(TEXTS["SKILL.md"].splitlines()) <= 150


def test_each_reference_is_linked() -> None:
    linked = set(re.findall(r"\]\((references/[\w-]+\.md)\)", TEXTS["SKILL.md"]))

    assert linked == TEXTS.keys() - {"SKILL.md"}


def named_commands() -> list[tuple[str, str]]:
    """Every command in the skill's text, with the file that names it."""
    found = re.compile(r"(?:`|^\$ )((?:understudy|pytest) [^`\n]+)", re.M)
    return [(name, command) for name, text in TEXTS.items() for command in found.findall(text)]


@pytest.mark.parametrize(("file", "command"), named_commands())
def test_each_command_and_option_exists(file: str, command: str) -> None:
    program, *arguments = shlex.split(command)
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
    if program == "pytest":
        assert {name for name in options if "understudy" in name} <= flags().keys()
        return
    known = commands()
    name = next(
        name for size in (3, 2) if (name := " ".join([program, *arguments][:size])) in known
    )
    parameters = known[name][0].params
    assert options <= {
        option
        for parameter in parameters
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
