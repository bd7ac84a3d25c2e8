"""Write the README's table of results from ``resources/results``, in which no number is typed.

.venv/bin/python resources/readme_table.py
"""

import csv
from pathlib import Path

from segstudio.compare.table import markdown
from segstudio.data.atomic import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "resources" / "results"
HEAD = [
    *("loss", "seeds", "train Dice", "test Dice", "HD95, pixels", "missed volumes"),
    *("missed planes", "test Dice of the epoch best on test (the paper's protocol)"),
]
BEGIN, END = "<!-- resources/results/acdc -->\n", "<!-- end -->\n"


def main_table() -> str:
    """Return the columns of ACDC's Table 1 that the README shows, in Markdown."""
    with (RESULTS / "acdc" / "table1.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return markdown(HEAD, [_cells(row) for row in rows])


def _cells(row: dict[str, str]) -> list[str]:
    return [
        *(row["loss"], row["trainings"], _text(row, "train Dice", 3), _text(row, "test Dice", 3)),
        _text(row, "HD95", 1),
        f"{row['missed volumes']} of {row['volumes']}",
        f"{row['missed planes']} of {row['planes']}",
        _text(row, "test Dice, epoch chosen on test", 3),
    ]


def _text(row: dict[str, str], name: str, digits: int) -> str:
    """Return mean ± spread."""
    mean, spread = row[name], row[f"{name}, spread"]
    return f"{float(mean):.{digits}f}" + (f" ± {float(spread):.{digits}f}" if spread else "")


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
