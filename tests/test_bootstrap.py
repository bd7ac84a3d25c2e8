import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "resources" / "bootstrap.py"
APP, BOTH = frozenset({"app"}), frozenset({"app", "test"})

posix = pytest.mark.skipif(os.name == "nt", reason="the doubles are shell scripts")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a system step")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = load()


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def put_script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    # The space is part of the test: people keep checkouts in "My Documents".
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    return folder


@pytest.fixture
def venv(root: Path) -> Path:
    python = bootstrap.venv_program(root / ".venv", "python")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    put_script(python, f"echo {version}")
    return root / ".venv"


@pytest.fixture
def doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "doubles"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


# The command line


def test_help_names_every_command_and_sets_nothing_up(tmp_path: Path) -> None:
    answer = call("--help", cwd=tmp_path)
    assert answer.returncode == 0
    assert all(f"bootstrap.py {name}" in answer.stdout for name in ("run", "test", "setup"))
    assert call("run", "--help", cwd=tmp_path).stdout == answer.stdout


@pytest.mark.parametrize("arguments", [["fly"], [], ["setup", "extra"]])
def test_a_command_it_does_not_know_gets_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    answer = call(*arguments, cwd=tmp_path)
    assert answer.returncode == 2
    assert "run, test or setup" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_an_old_python_gets_one_sentence_and_status_1(tmp_path: Path) -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 8, 2, 'final', 0); "
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert answer.returncode == 1
    assert "needs Python 3.11 or newer and this is 3.8" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_an_old_python_can_parse_the_file_and_so_reach_that_sentence() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_file_in_the_way_of_the_environment_gets_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / ".venv").write_text("", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", root)
    monkeypatch.setattr(bootstrap, "QT_PACKAGES", ())
    assert bootstrap.main(["setup"]) == 1
    assert ".venv" in capsys.readouterr().err


# The stamp


def test_a_stamp_read_back_is_the_stamp_written(root: Path, venv: Path) -> None:
    stamp = bootstrap.stamp_for(root, BOTH)
    bootstrap.write_stamp(venv, stamp)
    assert bootstrap.read_stamp(venv) == stamp


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"extras": 3}', '{"extras": [], "more": 1}'])
def test_a_spoilt_stamp_counts_as_none(venv: Path, text: str) -> None:
    (venv / bootstrap.STAMP).write_text(text, encoding="utf-8")
    assert bootstrap.read_stamp(venv) is None


@posix
@pytest.mark.parametrize(
    ("installed", "asked", "current"),
    [(APP, APP, True), (BOTH, APP, True), (BOTH, BOTH, True), (APP, BOTH, False)],
)
def test_an_installed_superset_is_enough(
    root: Path, venv: Path, installed: frozenset[str], asked: frozenset[str], current: bool
) -> None:
    bootstrap.write_stamp(venv, bootstrap.stamp_for(root, installed))
    assert bootstrap.is_current(venv, bootstrap.stamp_for(root, asked)) is current


@posix
def test_a_changed_pyproject_is_installed_again_in_the_same_environment(
    root: Path, venv: Path
) -> None:
    bootstrap.write_stamp(venv, bootstrap.stamp_for(root, APP))
    (root / "pyproject.toml").write_text("[project]\nname = 'y'\n", encoding="utf-8")
    wanted = bootstrap.stamp_for(root, APP)
    assert not bootstrap.is_current(venv, wanted)
    assert bootstrap.can_be_kept(venv, wanted)


@posix
@pytest.mark.parametrize("field", ["root", "python"])
def test_an_environment_of_another_folder_or_python_is_made_again(
    root: Path, venv: Path, field: str
) -> None:
    bootstrap.write_stamp(venv, bootstrap.stamp_for(root, APP))
    wanted = bootstrap.stamp_for(root, APP)._replace(**{field: "elsewhere"})
    assert not bootstrap.is_current(venv, wanted)
    assert not bootstrap.can_be_kept(venv, wanted)


@posix
def test_a_half_made_environment_is_made_again(root: Path, venv: Path) -> None:
    wanted = bootstrap.stamp_for(root, APP)
    bootstrap.write_stamp(venv, wanted)
    (venv / bootstrap.UNFINISHED).touch()
    assert not bootstrap.is_current(venv, wanted)
    assert not bootstrap.can_be_kept(venv, wanted)


@posix
def test_an_environment_that_lost_its_python_is_made_again(root: Path, venv: Path) -> None:
    wanted = bootstrap.stamp_for(root, APP)
    bootstrap.write_stamp(venv, wanted)
    bootstrap.venv_program(venv, "python").unlink()
    assert not bootstrap.is_current(venv, wanted)
    assert not bootstrap.can_be_kept(venv, wanted)


@posix
def test_an_environment_whose_removal_was_cut_short_is_made_again(
    root: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap.shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.make_venv(venv)
    assert not bootstrap.can_be_kept(venv, bootstrap.stamp_for(root, APP))


def test_a_real_environment_without_pip_is_made_again(root: Path) -> None:
    venv = root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    assert not bootstrap.can_be_kept(venv, bootstrap.stamp_for(root, APP))


def test_programs_lie_where_each_system_puts_them() -> None:
    venv = Path("v")
    assert bootstrap.venv_program(venv, "ruff", windows=False) == venv / "bin" / "ruff"
    assert bootstrap.venv_program(venv, "ruff", windows=True) == venv / "Scripts" / "ruff.exe"


@posix
def test_a_venv_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    # venv itself refuses a folder whose name would split PATH in two.
    with pytest.raises(bootstrap.SetupError, match=r"could not be made .*-venv"):
        bootstrap.make_venv(tmp_path / "a:b")


# pip


@posix
def test_a_second_set_up_does_not_call_pip(
    root: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "QT_PACKAGES", ())
    log = root / "log"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    body = f'echo {version}; [ "$2" = pip ] && echo "$PWD|$*" >> "{log}"; exit 0'
    put_script(bootstrap.venv_program(venv, "python"), body)
    bootstrap.set_up(root, APP)
    bootstrap.set_up(root, APP)
    (line,) = log.read_text(encoding="utf-8").splitlines()
    assert line.startswith(f"{root}|-m pip install --disable-pip-version-check")
    assert line.endswith("-e .[app]")


@posix
def test_new_requirements_are_installed_with_the_extras_already_there(
    root: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "QT_PACKAGES", ())
    bootstrap.write_stamp(venv, bootstrap.stamp_for(root, BOTH))
    (root / "pyproject.toml").write_text("[project]\nname = 'y'\n", encoding="utf-8")
    bootstrap.set_up(root, APP)
    assert bootstrap.read_stamp(venv) == bootstrap.stamp_for(root, BOTH)


@posix
@pytest.mark.parametrize(("end", "marked"), [("exit 1", False), ("kill -9 $$", True)])
def test_only_a_killed_pip_leaves_the_environment_marked_unfinished(
    root: Path, venv: Path, end: str, marked: bool
) -> None:
    put_script(bootstrap.venv_program(venv, "python"), end)
    with pytest.raises(bootstrap.SetupError, match="pip could not install segstudio"):
        bootstrap.install(root, venv, APP)
    assert (venv / bootstrap.UNFINISHED).exists() is marked


# The system's libraries


def put_dpkg(doubles: Path, *lines: str) -> None:
    printed = "\n".join(f"echo '{line}'" for line in lines)
    put_script(doubles / "dpkg-query", f"{printed}\nexit 1")


@linux
def test_missing_packages_are_those_dpkg_does_not_have_installed(doubles: Path) -> None:
    put_dpkg(doubles, "libgl1 installed", "libegl1 config-files", "libxcb-shm0 not-installed")
    needed = [("libgl1",), ("libegl1",), ("libxcb-shm0",), ("libnew",)]
    assert bootstrap.missing_packages(needed) == [("libegl1",), ("libxcb-shm0",), ("libnew",)]


@linux
def test_a_renamed_package_is_not_missing(doubles: Path) -> None:
    put_dpkg(doubles, "libglib2.0-0t64 installed")
    assert bootstrap.missing_packages([("libglib2.0-0", "libglib2.0-0t64")]) == []


@linux
def test_only_the_tests_need_a_virtual_display() -> None:
    assert ("xvfb",) in bootstrap.needed_packages(BOTH)
    assert ("xvfb",) not in bootstrap.needed_packages(APP)


@linux
def test_root_installs_the_missing_packages_by_the_names_apt_knows(
    doubles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = doubles / "log"
    put_dpkg(doubles, "libgl1 installed")
    put_script(doubles / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> "{log}"')
    put_script(doubles / "apt-cache", '[ "$2" = new ] && echo "Package: new"; exit 0')
    monkeypatch.setattr(bootstrap, "QT_PACKAGES", (("libgl1",), ("old", "new"), ("gone",)))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bootstrap.prepare_system(frozenset(), first_time=True)
    update, install = log.read_text(encoding="utf-8").splitlines()
    assert update.startswith("noninteractive ") and update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends new")
    assert "apt-get does not know gone" in capsys.readouterr().out


@linux
def test_a_user_who_needs_a_password_is_given_the_line_to_run(
    doubles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_dpkg(doubles)
    put_script(doubles / "apt-get", "echo called; exit 99")
    put_script(doubles / "apt-cache", "exit 100")
    put_script(doubles / "sudo", "exit 1")
    monkeypatch.setattr(bootstrap, "QT_PACKAGES", (("libgl1",), ("libegl1",)))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bootstrap.prepare_system(frozenset(), first_time=True)
    line = "apt-get install -y --no-install-recommends libgl1 libegl1\n"
    assert capsys.readouterr().out.endswith(f"  sudo apt-get update && sudo {line}")


@linux
def test_a_linux_without_apt_is_told_once_what_qt_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bootstrap.prepare_system(APP, first_time=True)
    assert "OpenGL" in capsys.readouterr().out
    bootstrap.prepare_system(APP, first_time=False)
    assert capsys.readouterr().out == ""


# Running


def put_checks(venv: Path, log: Path, failing: str = "") -> None:
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        status = 7 if name == failing else 0
        body = f'echo "$PWD|{name} $*" >> "{log}"; exit {status}'
        put_script(bootstrap.venv_program(venv, name), body)


@posix
def test_the_checks_run_in_order_and_pytest_gets_the_arguments(
    root: Path, venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    put_checks(venv, root / "log")
    assert bootstrap.run_checks(root, ["-k", "a b"]) == 0
    tests = "pytest -n auto --maxprocesses 4 --dist loadfile -k a b"
    order = ["ruff check .", "ruff format --check .", "mypy ", "lint-imports ", tests]
    lines = (root / "log").read_text(encoding="utf-8").splitlines()
    assert lines == [f"{root}|{words}" for words in order]
    assert f"Check 5 of 5: {tests}" in capsys.readouterr().out


@posix
def test_the_first_failing_check_is_the_last_one_run(
    root: Path, venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    put_checks(venv, root / "log", failing="mypy")
    assert bootstrap.run_checks(root, []) == 7
    assert len((root / "log").read_text(encoding="utf-8").splitlines()) == 3
    assert "mypy failed with status 7" in capsys.readouterr().err


@linux
def test_without_a_display_the_window_tests_ask_for_xvfb(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bootstrap.SetupError, match="Xvfb is not installed"):
        bootstrap.run_checks(root, [])


@linux
@pytest.mark.parametrize(
    ("display", "extra", "expected"),
    [
        ("", ["--size", "9"], "demo --headless --size 9"),
        ("", ["--headless"], "demo --headless"),
        (":0", ["--size", "9"], "demo --size 9"),
    ],
)
def test_the_demo_is_headless_without_a_display(
    root: Path,
    venv: Path,
    monkeypatch: pytest.MonkeyPatch,
    display: str,
    extra: list[str],
    expected: str,
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    put_script(bootstrap.venv_program(venv, "python"), f'echo "$*" > "{root}/log"; exit 4')
    assert bootstrap.open_program(root, extra) == 4
    assert (root / "log").read_text(encoding="utf-8").strip() == f"-m segstudio {expected}"


@posix
def test_a_program_ended_by_a_signal_gives_the_status_of_a_shell() -> None:
    assert bootstrap.exit_status(-9) == 137
    assert bootstrap.exit_status(3) == 3


def test_the_stamp_is_plain_json_that_a_person_can_read(root: Path, venv: Path) -> None:
    bootstrap.write_stamp(venv, bootstrap.stamp_for(root, BOTH))
    fields = json.loads((venv / bootstrap.STAMP).read_text(encoding="utf-8"))
    assert fields["extras"] == ["app", "test"]
