"""The command line: `main` runs it."""

from segstudio.cli.commands import main

__all__ = ["main"]
