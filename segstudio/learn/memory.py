"""How much memory a training may keep cases in."""

from segstudio.core.memory import GIB, free_memory

SHARE = 0.5  # of what is free


def budget(cache_gb: float | None) -> int:
    """Return the bytes for cases: as set, or half of the memory that is free now."""
    return int(cache_gb * GIB) if cache_gb is not None else int(SHARE * free_memory())
