"""Files of every format, damaged in thousands of ways, and read; run it as a script.

    python tests/benchmarks/hostile_files.py [--mutations 6000] [--seed 0] [--only .nii.gz]
    python tests/benchmarks/hostile_files.py --seed 0 --repeat .nii.gz 17

Sound files of every suffix that the program reads, and of every layout's own files, are cut,
flipped, spliced and filled with unlikely numbers, also within what they pack. Each is read as an
image and as labels, or opened as a dataset, in a process of its own. It must be read, or refused
in a sentence of one line that names it; within seconds and bounded memory; with nothing printed
and nothing written. Anything else is a failure, is printed with the number that repeats it, and
makes the status 1.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hostile_bytes import changed
from hostile_layouts import all_seeds, untried
from hostile_seeds import Seed
from hostile_worker import Told, Worker

SECONDS = 10.0  # for one file
MOST_MIB = 1024.0  # that a file of a few thousand bytes may take
SHOWN = 8  # failures of a format


@dataclass
class Row:
    """What was counted of one format."""

    mutations: int = 0
    read: int = 0
    told: int = 0
    peak_mib: float = 0.0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


def damaged(suffix: str, seeds: Sequence[Seed], seed: int, number: int) -> tuple[Seed, str]:
    """Return a seed with one of its files damaged, always the same for a number; and which."""
    rng = random.Random(f"{seed} {suffix} {number}")  # noqa: S311
    sound = seeds[number % len(seeds)]
    name = sound.damaged[0] if rng.random() < 0.7 else rng.choice(sound.damaged)
    others = [s.files[n] for s in seeds for n in s.damaged]
    content = changed(sound.files[name], rng, others)
    return Seed({**sound.files, name: content}, sound.damaged, sound.opened), name


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return all that is in a folder."""
    return {
        p.relative_to(folder).as_posix(): (p.stat().st_mtime_ns, p.read_bytes())
        for p in folder.rglob("*")
        if p.is_file()
    }


def tried(worker: Worker, made: Seed, folder: Path) -> Told:
    """Return what comes of a damaged file, which is written into a new folder."""
    for name, content in made.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    before = contents(folder)
    told = worker.read(folder, made.opened)
    if contents(folder) != before:
        return Told("a file was written; " + told.failure, told.sentences, told.peak_mib)
    if told.peak_mib > MOST_MIB and not told.failure:
        return Told(f"took {told.peak_mib:.0f} MiB", told.sentences, told.peak_mib)
    return told


def counted(suffix: str, seeds: Sequence[Seed], seed: int, mutations: int) -> Row:
    """Return what came of so many damaged files of a suffix."""
    row, worker = Row(), Worker(SECONDS)
    for number in range(mutations):
        with tempfile.TemporaryDirectory(prefix="hostile") as name:
            made, _ = damaged(suffix, seeds, seed, number)
            start = time.perf_counter()
            told = tried(worker, made, Path(name))
        row.slowest = max(row.slowest, time.perf_counter() - start)
        row.peak_mib = max(row.peak_mib, told.peak_mib)
        row.mutations += 1
        if told.failure:
            row.failures.append(f"--seed {seed} --repeat {suffix} {number}: {told.failure}")
        elif told.sentences:
            row.told += 1
        else:
            row.read += 1
    worker.stop()
    return row


def expect_sound(suffix: str, seeds: Sequence[Seed]) -> None:
    """Stop where what is not damaged cannot be read: nothing would be learnt from the rest."""
    worker = Worker(60)
    for made in seeds:
        with tempfile.TemporaryDirectory(prefix="hostile") as name:
            told = tried(worker, made, Path(name))
        if told.failure or told.sentences:
            raise SystemExit(f"A sound {suffix} is not read: {told}")
    worker.stop()


def repeat(suffix: str, seeds: Sequence[Seed], seed: int, number: int) -> bool:
    """Print what comes of one damaged file, which is kept; return whether it failed."""
    folder = Path(tempfile.mkdtemp(prefix="hostile"))
    made, name = damaged(suffix, seeds, seed, number)
    told = tried(Worker(SECONDS), made, folder)
    print(f"{folder / name}: {len(made.files[name])} bytes, grew by {told.peak_mib:.0f} MiB")
    print("\n".join(told.sentences) or "nothing was said")
    print(f"FAILURE: {told.failure}" if told.failure else "no failure")
    return bool(told.failure)


def print_table(rows: dict[str, Row]) -> None:
    """Print a line a format, and the failures."""
    total = [sum(getattr(r, what) for r in rows.values()) for what in ("mutations", "read", "told")]
    print(f"{'format':14}{'mutations':>10}{'read':>7}{'told':>7}{'failures':>9}{'MiB':>6}{'s':>7}")
    for suffix, row in rows.items():
        print(
            f"{suffix:14}{row.mutations:10}{row.read:7}{row.told:7}{len(row.failures):9}"
            f"{row.peak_mib:6.0f}{row.slowest:7.2f}"
        )
    failures = [failure for row in rows.values() for failure in row.failures]
    print(f"{'all':14}{total[0]:10}{total[1]:7}{total[2]:7}{len(failures):9}")
    print("MiB: by how much reading one of them grew at most; s: how long one took at most.")
    for row in rows.values():
        print("\n".join(row.failures[:SHOWN]), end="\n" * bool(row.failures))


def main() -> None:
    """Damage, read, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=6000, help="of all formats together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", metavar="SUFFIX")
    parser.add_argument("--repeat", nargs=2, metavar=("SUFFIX", "NUMBER"))
    options = parser.parse_args()
    # What the worker is made of is loaded once, by a process that finds it by this name only.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    seeds = all_seeds()
    if options.repeat:
        suffix, number = options.repeat
        raise SystemExit(repeat(suffix, seeds[suffix], options.seed, int(number)))
    chosen = {s: found for s, found in seeds.items() if s in (options.only or seeds)}
    if untried():
        print(f"No sound file is made of: {', '.join(untried())}")
    rows = {}
    for suffix, found in chosen.items():
        expect_sound(suffix, found)
        rows[suffix] = counted(suffix, found, options.seed, -(-options.mutations // len(chosen)))
    print_table(rows)
    raise SystemExit(any(row.failures for row in rows.values()))


if __name__ == "__main__":
    main()
