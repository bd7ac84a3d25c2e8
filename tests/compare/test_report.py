"""The report of a comparison, and its pictures."""

import csv
import json
import math
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from segstudio.compare.figure import plain
from segstudio.compare.paired import comparisons_of
from segstudio.compare.report import write_report
from segstudio.compare.results import Results, read_results
from segstudio.compare.study import Study
from segstudio.compare.study_figures import choose_cases, curves_of, draw_study_curves
from segstudio.compare.table import table_of
from segstudio.data.cases import Dataset
from segstudio.data.datasets import open_dataset

LOSSES = ("dice", "modified-boundary")


@pytest.fixture(scope="module")
def study(trained: Study, hearts: Path) -> Study:
    """Two losses by two seeds, with their report."""
    dataset, results = open_dataset(hearts), read_results(trained)
    patients = {case.name: case.patient for case in dataset.cases}
    write_report(results, dataset, comparisons_of(results, patients))
    return trained


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
    for row in table_of(read_results(study)):
        mean, spread = row.values["test Dice"]
        assert row.title in page.cells
        assert f"{mean:.4f} ± {spread:.4f}" in page.cells
    assert "HD95 (mm; below 0 is better)" in page.cells
    assert "none: fewer than 6 patients" in page.cells


def test_pictures_are_written_as_png_and_svg_and_curves_as_csv(study: Study) -> None:
    for name in ("curves", "predictions", "regions", "cases", "distance_maps"):
        with Image.open(study.path / f"{name}.png") as picture:
            pixels = np.asarray(picture.convert("L"))
        assert pixels.std() > 5  # not a blank page
        assert (study.path / f"{name}.svg").read_text().rstrip().endswith("</svg>")
    with (study.path / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 3  # losses, seeds, epochs
    assert {row["loss"] for row in rows} == set(LOSSES)


def test_curves_are_those_of_the_logs(study: Study) -> None:
    results = read_results(study)
    for title, curves in curves_of(results).items():
        for curve, result in zip(curves, results.of(title), strict=True):
            told = [e["mean_dice"] for e in result.run.events() if e["event"] == "EpochDone"]
            np.testing.assert_allclose(curve, told)


def test_cases_are_chosen_by_how_well_they_were_found(by_hand: Callable[..., Results]) -> None:
    dice = {"a": 0.9, "b": 0.5, "c": 0.1, "d": 0.4, "e": 0.6}
    results = by_hand({("dice", 0, None): dice}, voxels={"d": 3})
    assert [(c.name, c.why) for c in choose_cases(results)] == [
        *(("a", "best"), ("b", "median"), ("c", "worst"), ("d", "smallest"))
    ]


def test_cases_without_any_label_are_shown_too(by_hand: Callable[..., Results]) -> None:
    results = by_hand({("dice", 0, None): {"a": 0.0}}, voxels={"a": 0})
    assert [(c.name, c.why) for c in choose_cases(results)] == [("a", "best, median, worst")]


def test_every_loss_has_a_curve_of_its_own(by_hand: Callable[..., Results]) -> None:
    names = [f"tversky(alpha=0.{k})" for k in range(10, 30)]
    figure = draw_study_curves(by_hand({(name, 0, None): {"a": 0.5} for name in names}))
    lines = figure.axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == len(names)


def test_the_highest_test_dice_alone_is_bold(
    by_hand: Callable[..., Results], named_cases: Callable[..., Dataset]
) -> None:
    dice = {"dice": math.nan, "boundary": 0.25, "tversky": 0.75}
    results = by_hand({(name, 0, None): {"a": value} for name, value in dice.items()})
    page = _without_networks(results, named_cases("a", "t"))
    assert re.findall(r'<td class="best">(.*?)</td>', page) == ["0.7500"]


def test_what_chose_the_epoch_is_called_by_its_name(
    by_hand: Callable[..., Results], named_cases: Callable[..., Dataset]
) -> None:
    plan = {"folds": 2, "settings": {"split": "none"}}
    results = by_hand({("dice", 0, 0): {"a": 0.5}, ("dice", 0, 1): {"b": 0.5}}, **plan)
    page = _without_networks(results, named_cases("a", "b", "t"))
    assert "Training Dice by epoch" in page
    assert "highest mean Dice on the training side" in page
    assert "alidation Dice" not in page


def test_what_a_guard_said_is_in_the_report(
    by_hand: Callable[..., Results], named_cases: Callable[..., Dataset]
) -> None:
    results = by_hand({("dice", 0, None): {"a": 0.5}})
    text = "The class <a> is predicted nowhere."
    record = {"event": "Guarded", "epoch": 3, "step": 0, "kind": "collapse", "text": text}
    results.parts[0].run.log.write_text(json.dumps(record) + "\n")
    page = _without_networks(read_results(results.study), named_cases("a", "t"))
    assert "dice, seed 0, epoch 3: The class &lt;a&gt; is predicted nowhere." in page


def _without_networks(results: Results, dataset: Dataset) -> str:
    """Return the page of results that have no networks to predict with."""
    comparisons = comparisons_of(results, {case.name: case.patient for case in dataset.cases})
    return write_report(results, dataset, comparisons).read_text(encoding="utf-8")


def test_a_name_with_dollar_signs_is_drawn_as_it_is(tmp_path: Path) -> None:
    figure = Figure()
    figure.suptitle(plain("cost $5_{ and $6"))
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 0


def test_a_report_is_written_anew(study: Study, hearts: Path) -> None:
    path = study.path / "report.html"
    before = path.read_bytes()
    path.write_text("x")
    dataset, results = open_dataset(hearts), read_results(study)
    patients = {case.name: case.patient for case in dataset.cases}
    write_report(results, dataset, comparisons_of(results, patients))
    assert path.read_bytes() == before


def test_parts_of_several_versions_of_the_program_are_told(
    study: Study, hearts: Path, tmp_path: Path
) -> None:
    assert "versions of the program" not in (study.path / "report.html").read_text("utf-8")
    shutil.copytree(study.path, tmp_path / "copy")
    mixed = Study(tmp_path / "copy", study.plan)
    environment = mixed.run_of(mixed.parts[0]).path / "environment.json"
    environment.write_text(json.dumps({"code": "sha256 another"}))
    text = write_report(read_results(mixed), open_dataset(hearts), []).read_text("utf-8")
    assert "made by 2 versions of the program" in text
    assert "sha256 another" in text
