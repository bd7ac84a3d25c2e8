"""Set segstudio up in .venv, then open it or run its checks.

Usage:

    python3 resources/bootstrap.py run [arguments for "segstudio demo"]
        Set up, then open the program on a sample. Without a display the demo runs headless.
    python3 resources/bootstrap.py test [arguments for pytest]
        Set up with the test tools, then run ruff, mypy, lint-imports and pytest.
    python3 resources/bootstrap.py setup
        Set up only.

It needs Python 3.11 or newer and nothing else, works from any folder, and does only what is still
to do: delete .venv to start afresh. On Debian and Ubuntu it also installs the system libraries Qt
needs, if it may. The paths for macOS and Windows are written, but have not been run there.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

# An old Python must still get this far: above, nothing newer than 3.6; below, no newer syntax.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"segstudio needs Python 3.11 or newer and this is {sys.version_info[0]}."
        f"{sys.version_info[1]}: run the same command with a newer one, such as python3.12."
    )

ROOT = Path(__file__).resolve().parent.parent
STAMP = "segstudio-stamp.json"
UNFINISHED = "segstudio-unfinished"

# What Qt's xcb and Wayland plugins link to (ldd on PySide6 6.11), with Mesa's software OpenGL.
# Each row lists the names one package has in different releases; the first is the fallback.
QT_PACKAGES = (
    ("libdbus-1-3",),
    ("libegl1",),
    ("libfontconfig1",),
    ("libgl1",),
    ("libgl1-mesa-dri",),
    ("libglib2.0-0", "libglib2.0-0t64"),
    ("libglx-mesa0",),
    ("libwayland-cursor0",),
    ("libwayland-egl1",),
    ("libx11-xcb1",),
    ("libxcb-cursor0",),
    ("libxcb-icccm4",),
    ("libxcb-image0",),
    ("libxcb-keysyms1",),
    ("libxcb-randr0",),
    ("libxcb-render-util0",),
    ("libxcb-shape0",),
    ("libxcb-shm0",),
    ("libxcb-sync1",),
    ("libxcb-util1",),
    ("libxcb-xfixes0",),
    ("libxcb-xkb1",),
    ("libxkbcommon-x11-0",),
)


class SetupError(Exception):
    """A failed step; the message is the sentence for the user."""


class Stamp(NamedTuple):
    """What an environment was installed from."""

    root: str
    python: str
    pyproject: str
    extras: frozenset[str]


def say(sentence: str) -> None:
    """Print at once, so that the order holds beside the output of subprocesses."""
    print(sentence, flush=True)


def captured(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a command for its output as text, whatever its status."""
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def complain(sentence: str) -> None:
    """Print where errors belong, and at once."""
    print(sentence, file=sys.stderr, flush=True)


def last_line(text: str) -> str:
    """Last line that says something, where tools put their reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


# The virtual environment


def venv_program(venv: Path, name: str, windows: bool = os.name == "nt") -> Path:
    """Path of a program inside a virtual environment."""
    return venv / "Scripts" / f"{name}.exe" if windows else venv / "bin" / name


def stamp_for(root: Path, extras: Iterable[str]) -> Stamp:
    """Stamp of an environment installed now, by this Python, from this folder."""
    digest = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Stamp(str(root), python, digest, frozenset(extras))


def write_stamp(venv: Path, stamp: Stamp) -> None:
    """Record what the environment was installed from."""
    fields = stamp._asdict() | {"extras": sorted(stamp.extras)}
    (venv / STAMP).write_text(json.dumps(fields, indent=1), encoding="utf-8")


def read_stamp(venv: Path) -> Stamp | None:
    """Stamp of an environment, or None if it has none that can be read."""
    try:
        fields = json.loads((venv / STAMP).read_text(encoding="utf-8"))
        return Stamp(**(fields | {"extras": frozenset(fields["extras"])}))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_current(venv: Path, wanted: Stamp) -> bool:
    """Whether the environment already has all that is wanted, so that pip can be skipped."""
    found = read_stamp(venv)
    if found is None or (venv / UNFINISHED).exists() or not venv_program(venv, "python").exists():
        return False
    return found._replace(extras=wanted.extras) == wanted and found.extras >= wanted.extras


def can_be_kept(venv: Path, wanted: Stamp) -> bool:
    """Whether pip may go on in the environment that is there."""
    python = venv_program(venv, "python")
    if (venv / UNFINISHED).exists() or not python.exists():
        return False
    # A moved or copied environment still points to the folder where it was made.
    found = read_stamp(venv)
    if found is not None and found.root != wanted.root:
        return False
    probe = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    return captured([python, "-c", probe]).stdout.strip() == wanted.python


def make_venv(venv: Path) -> None:
    """Make the environment, removing what is left of an earlier one."""
    if venv.exists():
        say(f"{venv.name} is unfinished or made for another folder or Python: making it again ...")
        # Python goes first, so that a removal cut short is not taken for a whole environment.
        venv_program(venv, "python").unlink(missing_ok=True)
        shutil.rmtree(venv)
    else:
        say(f"Making a virtual environment in {venv.name} ...")
    venv.mkdir()
    (venv / UNFINISHED).touch()
    # From inside .venv itself, sys.executable has just been removed.
    python: str = getattr(sys, "_base_executable", None) or sys.executable
    made = captured([python, "-m", "venv", str(venv)])
    if made.returncode:
        raise SetupError(
            "The virtual environment could not be made "
            f"({last_line(made.stderr or made.stdout)}): install Python's venv module "
            f"(on Debian and Ubuntu the package {venv_package()}) and run this again."
        )


def install(root: Path, venv: Path, extras: Iterable[str]) -> None:
    """Install the package, editable, with its libraries."""
    say("Installing segstudio and its libraries (a few minutes the first time) ...")
    (venv / UNFINISHED).touch()
    python = str(venv_program(venv, "python"))
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    target = f".[{','.join(sorted(extras))}]"
    done = subprocess.run([*pip, "-qq", "--no-input", "-e", target], cwd=root, check=False)
    # A pip that fails by itself leaves whole packages behind; one that is killed may not.
    if done.returncode >= 0:
        (venv / UNFINISHED).unlink()
    if done.returncode:
        raise SetupError(
            f"pip could not install segstudio (status {done.returncode}): its message is above; "
            "check the network and the free disk space, and run this again."
        )


def compile_kernels(venv: Path) -> None:
    """Compile now what would hold up the first window; a failure shows when it is needed."""
    say("Compiling the kernels of maps and losses (half a minute, once) ...")
    warm_up = "from segstudio.losses.warm_up import warm_up; warm_up()"
    captured([venv_program(venv, "python"), "-c", warm_up])


# The system's libraries


def venv_package() -> str:
    """Debian's package with the part of venv that it splits off."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def needed_packages(extras: Iterable[str]) -> list[tuple[str, ...]]:
    """Debian packages wanted, each as the names it may have."""
    needed = list(QT_PACKAGES)
    if "test" in extras:
        needed.append(("xvfb",))
    if importlib.util.find_spec("ensurepip") is None and sys.base_prefix == "/usr":
        needed.append((venv_package(),))
    return needed


def missing_packages(needed: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Those of the packages that dpkg has under none of their names."""
    names = [name for alternatives in needed for name in alternatives]
    listing = captured(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *names]).stdout
    # A removed package stays listed, as "config-files".
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [alternatives for alternatives in needed if installed.isdisjoint(alternatives)]


def known_name(alternatives: Sequence[str]) -> str | None:
    """First of the names that this release's package lists have."""
    # For a name that only another package provides, apt-cache succeeds and prints nothing.
    known = (name for name in alternatives if captured(["apt-cache", "show", name]).stdout.strip())
    return next(known, None)


def administrator() -> list[str] | None:
    """Words to put before a command to run it as root, or None if that needs a password."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    return sudo if shutil.which("sudo") and not captured([*sudo, "true"]).returncode else None


def command_line(names: Sequence[str]) -> str:
    """Line that a user with a password runs instead of us."""
    install_line = f"sudo apt-get install -y --no-install-recommends {' '.join(names)}"
    return f"sudo apt-get update && {install_line}"


def install_packages(missing: Sequence[tuple[str, ...]], prefix: Sequence[str]) -> None:
    """Install Debian packages as root; a failure is told and is not the end."""
    say(f"Installing system packages: {', '.join(names[0] for names in missing)} ...")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "DPkg::Lock::Timeout=120"]
    # One broken package source fails the update while the others still serve.
    updated = captured([*apt, "update"])
    found = {alternatives: known_name(alternatives) for alternatives in missing}
    names = [name for name in found.values() if name]
    unknown = [alternatives[0] for alternatives, name in found.items() if not name]
    if unknown:
        reason = f" ({last_line(updated.stderr)})" if updated.returncode else ""
        say(f"apt-get does not know {', '.join(unknown)}{reason}: going on without.")
    if not names:
        return
    done = captured([*apt, "install", "-y", "--no-install-recommends", *names])
    if done.returncode:
        say(f"apt-get failed ({last_line(done.stderr)}): run this yourself if the window fails:")
        say(f"  {command_line(names)}")


def prepare_system(extras: Iterable[str], first_time: bool) -> None:
    """See to the system libraries; only Linux has a step here."""
    if sys.platform != "linux":
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        if first_time:
            say(
                "This Linux has no apt-get: if the window does not open, install OpenGL and EGL "
                "(Mesa), fontconfig, D-Bus, GLib, libxkbcommon-x11 and the xcb-util libraries "
                "(cursor, icccm, image, keysyms, render-util), and Xvfb for the tests."
            )
        return
    missing = missing_packages(needed_packages(extras))
    if not missing:
        return
    prefix = administrator()
    if prefix is None:
        names = [known_name(alternatives) or alternatives[0] for alternatives in missing]
        say("System packages are missing and only an administrator can add them, with this line:")
        say(f"  {command_line(names)}")
    else:
        install_packages(missing, prefix)


# The commands


def set_up(root: Path, extras: frozenset[str]) -> None:
    """Bring the system and the environment to what is wanted, and do nothing if they are."""
    venv = root / ".venv"
    wanted = stamp_for(root, extras)
    current = is_current(venv, wanted)
    prepare_system(extras, first_time=not current)
    if current:
        return
    found = read_stamp(venv)
    if can_be_kept(venv, wanted):
        # "run" after "test" keeps the test tools as new as the rest.
        wanted = wanted._replace(extras=extras | (found.extras if found else frozenset()))
    else:
        make_venv(venv)
    install(root, venv, wanted.extras)
    compile_kernels(venv)
    write_stamp(venv, wanted)


def without_display() -> bool:
    """Whether a window has nowhere to open."""
    on_linux = sys.platform == "linux"
    return on_linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def exit_status(returncode: int) -> int:
    """Status to exit with, as a shell gives it to a process that a signal ended."""
    return returncode if returncode >= 0 else 128 - returncode


def open_program(root: Path, extra: Sequence[str]) -> int:
    """Open the program on a sample and return its exit status."""
    words = ["demo", *extra]
    if without_display() and "--headless" not in extra:
        say("There is no display here, so the demo runs without a window (--headless).")
        words.insert(1, "--headless")
    python = venv_program(root / ".venv", "python")
    done = subprocess.run([python, "-m", "segstudio", *words], check=False)
    status = exit_status(done.returncode)
    if status:
        complain(f"segstudio ended with status {status}: its message is above.")
    return status


def run_checks(root: Path, extra: Sequence[str]) -> int:
    """Run the checks in order and return the status of the first that fails, else 0."""
    if without_display() and shutil.which("Xvfb") is None:
        raise SetupError(
            "The window is tested on a virtual display and Xvfb is not installed: install it "
            "(on Debian and Ubuntu: sudo apt-get install xvfb) and run this again."
        )
    checks = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
        # One process a core, and the tests of a file in one: they share what they set up.
        ("pytest", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *extra),
    )
    for number, (name, *words) in enumerate(checks, start=1):
        title = " ".join([name, *words])
        say(f"Check {number} of {len(checks)}: {title}")
        program = venv_program(root / ".venv", name)
        status = exit_status(subprocess.run([program, *words], cwd=root, check=False).returncode)
        if status:
            complain(f"{title} failed with status {status}: mend what it says above.")
            return status
    say("All checks passed.")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if {"-h", "--help"}.intersection(arguments[:2]):
        say((__doc__ or "").strip())
        return 0
    command, extra = (arguments[0], arguments[1:]) if arguments else ("", ())
    if command not in ("run", "test", "setup") or (command == "setup" and extra):
        given = " ".join(arguments) or "nothing"
        complain(f"Say run, test or setup (given: {given}); --help tells more.")
        return 2
    try:
        set_up(ROOT, frozenset({"app", "test"} if command == "test" else {"app"}))
        if command == "run":
            return open_program(ROOT, extra)
        return run_checks(ROOT, extra) if command == "test" else 0
    except SetupError as error:
        complain(str(error))
        return 1
    except OSError as error:
        complain(f"{error}: see to that file or program and run this again.")
        return 1
    except KeyboardInterrupt:
        complain("Stopped; the same command goes on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
