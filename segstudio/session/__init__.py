"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from segstudio.session.session import Session

__all__ = ["Session"]
