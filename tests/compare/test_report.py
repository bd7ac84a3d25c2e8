"""The report of a comparison, and its pictures."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.compare.plan import losses_alone, make_plan
from segstudio.compare.report import write_report
from segstudio.compare.study import Study, open_study, run_study
from segstudio.compare.study_figures import choose_cases, curves_of
from segstudio.compare.table import compared_scores, table_of
from segstudio.data.datasets import open_dataset

LOSSES = ("dice", "dice + 0.01*boundary")


@pytest.fixture(scope="module")
def study(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two losses by two seeds, finished, with its report."""
    settings = {"base_channels": 2, "levels": 3, "epochs": 2, "precision": "32-true"}
    plan = make_plan(losses_alone(LOSSES) | {"seeds": 2, "settings": settings})
    dataset = open_dataset(hearts)
    made = open_study(tmp_path_factory.mktemp("study") / "out", plan)
    list(run_study(dataset, made))
    write_report(made, dataset)
    return made


class Page(HTMLParser):
    """What a page shows and what it asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.sources: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_cell = tag in ("td", "th")
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]
        assert tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_cell and data.strip():
            self.cells.append(data.strip())


def test_the_report_is_one_file_that_asks_for_no_other(study: Study) -> None:
    text = (study.path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.sources) == 5
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_report_shows_the_table(study: Study) -> None:
    page = Page((study.path / "report.html").read_text(encoding="utf-8"))
    for row in table_of(study):
        assert row.title in page.cells
        assert f"{row.test_dice[0]:.4f} ± {row.test_dice[1]:.4f}" in page.cells
    assert "dice: dice + 0.01*boundary" in page.cells


def test_pictures_are_written_as_png_and_svg_and_curves_as_csv(study: Study) -> None:
    for name in ("curves", "predictions", "regions", "cases", "distance_maps"):
        with Image.open(study.path / f"{name}.png") as picture:
            pixels = np.asarray(picture.convert("L"))
        assert pixels.std() > 5  # not a blank page
        assert (study.path / f"{name}.svg").read_text().rstrip().endswith("</svg>")
    with (study.path / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 2  # losses, seeds, epochs
    assert {row["loss"] for row in rows} == set(LOSSES)


def test_curves_are_those_of_the_logs(study: Study) -> None:
    for loss, curves in curves_of(study).items():
        runs = [study.run_of(part) for part in study.done_parts(loss)]
        for curve, run in zip(curves, runs, strict=True):
            told = [e["mean_dice"] for e in run.events() if e["event"] == "EpochDone"]
            np.testing.assert_allclose(curve, told)


def test_cases_are_chosen_by_how_well_they_were_found(study: Study) -> None:
    chosen = {why: case.name for case in choose_cases(study) for why in case.why.split(", ")}
    assert set(chosen) == {"best", "median", "worst", "smallest"}
    dice: dict[str, list[float]] = {}
    for part in study.parts[:2]:
        for row in compared_scores(study, part):
            if row["dice"] != "nan":
                dice.setdefault(row["case"], []).append(float(row["dice"]))
    means = {name: float(np.mean(values)) for name, values in dice.items()}
    assert means[chosen["best"]] == max(means.values())
    assert means[chosen["worst"]] == min(means.values())


def test_a_report_is_written_anew(study: Study, hearts: Path) -> None:
    before = (study.path / "report.html").read_bytes()
    write_report(study, open_dataset(hearts))
    assert (study.path / "report.html").read_bytes() == before
