"""Make the README's picture of a comparison, on generated hearts.

.venv/bin/python resources/comparison.py [OUT.png]

Three losses, twelve epochs each: some minutes on two cores.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOSSES = "dice,boundary,modified-boundary-log"


def main() -> None:
    """Compare the losses by the commands, and keep the picture of their predictions."""
    parser = argparse.ArgumentParser(description="Make the README's picture of a comparison.")
    parser.add_argument("out", nargs="?", default=Path(__file__).with_name("comparison.png"))
    out = Path(parser.parse_args().out)
    with tempfile.TemporaryDirectory() as folder:
        hearts, study = Path(folder) / "hearts", Path(folder) / "study"
        program = [sys.executable, "-m", "segstudio"]
        subprocess.run([*program, "phantom", "heart", hearts], check=True)
        losses = ["--losses", LOSSES, "--epochs", "12", "--preset", "augmented"]
        subprocess.run([*program, "compare", hearts, *losses, "--out", study], check=True)
        shutil.copyfile(study / "predictions.png", out)


if __name__ == "__main__":
    main()
