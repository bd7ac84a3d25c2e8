"""How much memory is free, and how much was taken."""

import math
import os
from pathlib import Path

GIB = 2**30


def free_memory() -> float:
    """Return the bytes that this process may still take.

    Of the machine, of its container, and of what ``ulimit -v`` grants it.
    """
    return min(_free_of_machine(), _free_of_group(), _free_of_process())


def _free_of_process() -> float:
    """Return what the process's own limit leaves; no bound where none is set."""
    try:
        import resource  # not on Windows

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY:
            return math.inf
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return max(0, most - pages * resource.getpagesize())
    except (ImportError, OSError, ValueError):
        return math.inf


def _free_of_group() -> float:
    """Return what a container or a cluster's job may still take; no bound where none is set."""
    try:
        most, taken = (
            (Path("/sys/fs/cgroup") / f"memory.{name}").read_text(encoding="ascii").strip()
            for name in ("max", "current")
        )
        return math.inf if most == "max" else int(most) - int(taken)
    except (OSError, ValueError):
        return math.inf


def _free_of_machine() -> int:
    try:
        # Not SC_AVPHYS_PAGES: it leaves out what the system would give back, such as its cache.
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        rows = dict(line.split(":", 1) for line in lines)
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return _half_of_all()


def _half_of_all() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return 4 * GIB  # Windows says it nowhere that Python's own library reads


def peak_memory() -> int:
    """Return the most bytes that this process has held; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        rows = dict(line.split(":", 1) for line in lines)
        return int(rows["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0
