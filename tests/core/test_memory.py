"""How much memory is free."""

import subprocess
import sys

import pytest

from segstudio.core.memory import GIB, free_memory


def test_some_memory_is_free_and_not_without_end() -> None:
    assert 0 < free_memory() < 1e15


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is read from Linux")
def test_the_limit_of_a_process_counts() -> None:
    code = (
        "import resource; from segstudio.core.memory import free_memory; "
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)); print(free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert 0 < float(done.stdout) < 2 * GIB
