"""Paths given to the commands: one in place of a command, and whether they may be there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from segstudio.core.errors import InputError, near_names


class PathsOrCommand(TyperGroup):
    """Takes ``segstudio PATH…`` for ``segstudio open PATH…``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the arguments that are left, ``open`` put before a path."""
        is_path = bool(args) and args[0] not in self.commands and not args[0].startswith("-")
        if is_path:
            # Here and not in the command: the options of a misspelt one would be refused first.
            expect(Path(args[0]), commands=list(self.commands))
        if is_path or not args:
            args = ["open", *args]
        return super().parse_args(ctx, args)


def expect(path: Path, commands: Sequence[str] = ()) -> None:
    """Refuse a path that is not there; a name without a dot may be a command misspelt."""
    if path.exists():
        return
    if commands and path.name == str(path) and not path.suffix:
        hint = near_names(path.name, commands).replace("Known:", "The commands are")
        raise InputError(f"There is no command '{path}', and no file or folder. {hint}")
    raise InputError(f"'{path}' does not exist. Check the path.")


def refuse_existing(out: Path) -> None:
    """Refuse to overwrite, before anything is computed."""
    if out.exists():
        raise InputError(f"'{out}' exists already. Choose another name with --out.")
