"""Write the README's table of results from ``resources/results``, in which no number is typed.

.venv/bin/python resources/readme_table.py
"""

import csv
from pathlib import Path

from segstudio.compare.table import markdown
from segstudio.data.atomic import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "resources" / "results"
COLUMNS = {
    "loss": "loss",
    "parts": "seeds",
    "train Dice": "train Dice",
    "test Dice": "test Dice",
    "HD95": "HD95, pixels",
    "missed volumes": "missed volumes",
    "missed planes": "missed planes",
    "test Dice, epoch chosen on test": "the paper's protocol: test Dice of the epoch best on test",
}
BEGIN, END = "<!-- resources/results/acdc -->\n", "<!-- end -->\n"


def main_table() -> str:
    """Return the columns of ACDC's Table 1 that the README shows, in Markdown."""
    with (RESULTS / "acdc" / "table1.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return markdown(list(COLUMNS.values()), [[row[name] for name in COLUMNS] for row in rows])


def with_table(readme: str) -> str:
    """Return the README with the table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + main_table() + END + after


def main() -> None:
    """Write the README anew."""
    path = ROOT / "README.md"
    write_text(path, with_table(path.read_text(encoding="utf-8")), overwrite=True)


if __name__ == "__main__":
    main()
