"""A comparison run whole, killed in the middle and started again, and by two workers.

    python tests/benchmarks/compare_again.py [--out FOLDER]

Three losses by two seeds and three epochs on generated hearts, each time by the command: as it
comes (with as many workers as there are cores), killed and gone on with, one part after the other,
and by two workers of a local Dask cluster. Prints the seconds it took and whether all scores are
the same to the last digit.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from segstudio.data.phantoms import write_heart_dataset

LOSSES, SEEDS, EPOCHS = "dice,boundary,modified-boundary", 2, 3


def command(hearts: Path, out: Path, *more: str) -> list[str]:
    """Return the command of a comparison."""
    usual = ["--losses", LOSSES, "--seeds", str(SEEDS), "--epochs", str(EPOCHS)]
    start = [sys.executable, "-m", "segstudio", "compare", str(hearts), "--out", str(out)]
    return [*start, *usual, *more]


def run(words: list[str]) -> float:
    """Run a command to its end; return the seconds it took."""
    began = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    return time.monotonic() - began


def kill_in_the_middle(words: list[str], out: Path) -> str:
    """Kill a command in its fourth part; return how far it was."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(out.glob("parts/*/log.jsonl"))) < 4 and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1.5)  # within its training
    process.kill()
    process.wait()
    done, begun = (len(list(out.glob(f"parts/*/{name}"))) for name in ("summary.json", "log.jsonl"))
    return f"{done} parts were finished and {begun} begun"


def scores(out: Path) -> dict[str, str]:
    """Return the text of every part's scores."""
    return {path.parent.name: path.read_text() for path in sorted(out.glob("parts/*/scores.csv"))}


def main() -> None:
    """Run all three, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="kept; by default a temporary folder")
    options = parser.parse_args()
    home = options.out or Path(tempfile.mkdtemp())
    try:
        hearts = home / "hearts"
        write_heart_dataset(hearts)
        print(f"as it comes: {run(command(hearts, home / 'whole')):.0f} s", flush=True)
        killed = command(hearts, home / "killed")
        where = kill_in_the_middle(killed, home / "killed")
        print(f"killed when {where}; the rest: {run(killed):.0f} s", flush=True)
        for workers in (1, 2):
            asked = command(hearts, home / str(workers), "--workers", str(workers))
            print(f"{workers} at once: {run(asked):.0f} s", flush=True)
        whole, *others = (scores(home / name) for name in ("whole", "killed", "1", "2"))
        for name, other in zip(("killed", "1 at once", "2 at once"), others, strict=True):
            same = sum(whole[part] == other.get(part) for part in whole)
            print(f"{name}: {same} of {len(whole)} parts have the same scores")
    finally:
        if options.out is None:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
