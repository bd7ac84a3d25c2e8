"""What a run says of the code and the machine it was made with."""

import re
import subprocess
from pathlib import Path

from segstudio.learn.environment import _code, describe_environment


def test_the_environment_names_code_packages_and_device() -> None:
    rows = describe_environment()

    assert re.match(r"sha256 [0-9a-f]{16}", rows["code"])
    assert "torch 2." in rows["packages"]
    assert rows["device"].split(",")[0] in ("cpu", "cuda", "mps")


def test_the_code_is_another_when_a_file_is_changed(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    file = tmp_path / "package" / "one.py"
    file.write_text("a = 1\n")
    first = _code(file.parent)
    file.write_text("a = 2\n")

    assert _code(file.parent) != first
    file.write_text("a = 1\n")
    assert _code(file.parent) == first


def test_a_checkout_names_its_commit(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "one.py").write_text("a = 1\n")
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    told = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)

    assert _code(tmp_path / "package").endswith(f", on commit {told.stdout[:12]}")
