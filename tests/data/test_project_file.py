"""A project's file is read with a sentence for each mistake, and written whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, LabelClass
from segstudio.data import atomic
from segstudio.data.project import PROJECT_FILE, Progress, Project, SavedLabels, SplitSettings
from segstudio.data.project_file import holds_project, read_project, write_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with something of everything, in a folder with its images."""
    (tmp_path / "mine" / "images").mkdir(parents=True)
    (tmp_path / "more").mkdir()
    root = tmp_path / "mine"
    return Project(
        root,
        "My “hearts”",
        (root / "images", tmp_path / "more"),
        ClassTable(
            (LabelClass(0, "background", "#000000"), LabelClass(2, "scar", "#ff0000")), ignore=9
        ),
        SplitSettings("two-way", 7, 5, 1),
        root / "runs",
        (root / "runs" / "a",),
        (SavedLabels(root / "images" / "x.nii", root / "x_gt.nii.gz", (2,)),),
        "x",
        {"colour_of_the_shed": "green"},
        locked=(2, 5),
        hidden=(3,),
    )


def written(folder: Path, text: str) -> Path:
    (folder / "images").mkdir(exist_ok=True)
    (folder / PROJECT_FILE).write_text(text)
    return folder


def test_a_project_is_read_as_it_was_written(project: Project) -> None:
    write_project(project)

    assert read_project(project.root) == project
    assert read_project(project.file) == project


def test_paths_inside_the_project_are_relative_so_that_it_can_be_moved(
    project: Project, tmp_path: Path
) -> None:
    write_project(replace(project, folders=project.folders[:1]))
    project.root.rename(tmp_path / "moved")
    moved = read_project(tmp_path / "moved")

    assert moved.folders == (tmp_path / "moved" / "images",)
    assert moved.labels[0].file == tmp_path / "moved" / "x_gt.nii.gz"


def test_what_is_not_known_is_kept(tmp_path: Path) -> None:
    text = 'folders = ["images"]\nweather = "fine"\n[tools]\nbrush = 3\n'
    write_project(read_project(written(tmp_path, text)))

    assert read_project(tmp_path).unknown == {"weather": "fine", "tools": {"brush": 3}}


def test_the_least_project_names_its_folders_alone(tmp_path: Path) -> None:
    project = read_project(written(tmp_path, 'folders = ["images"]\n'))

    assert project.name == tmp_path.name
    assert project.classes is None
    assert project.split == SplitSettings()


def test_a_class_without_a_name_or_colour_is_given_both(tmp_path: Path) -> None:
    text = 'folders = ["images"]\n[[classes]]\nvalue = 3\n'
    (only,) = read_project(written(tmp_path, text)).classes.foreground

    assert (only.value, only.name) == (3, "class 3")
    assert only.color.startswith("#")


MISTAKES = {
    "folders = [": "is not a TOML file",
    "": "no folder of images is named",
    'folders = "images"': "to be a list of paths",
    'folders = ["lost"]': "'.*lost', which is no folder here",
    'folders = ["../.."]': "leaves the project's folder",
    'folders = ["images/../../x"]': "leaves the project's folder",
    'folders = ["a\\u0000b"]': "which is no path",
    'folders = ["images"]\nname = 3': "name = 3 is no text",
    'folders = ["images"]\nruns_folder = "project.toml"': "which is a file",
    'folders = ["images"]\nruns = [1]': "runs is to be a list of paths",
    'folders = ["images"]\nruns = ["../x"]': "runs names '../x', which leaves",
    'folders = ["images"]\nlabels = 1': r"under \[\[labels\]\]",
    'folders = ["images"]\n[[labels]]\nimage = "images/a.nii"': "labels.file names None",
    'folders = ["images"]\n[[labels]]\nimage = "a.nii"\nfile = "a.exe"': "no file of labels",
    'folders = ["images"]\n[[labels]]\nimage = "a.nii"\nfile = "b.nii"\nframes = ["x"]': "frames",
    'folders = ["images"]\nlocked = 3': "locked = 3 is no list",
    'folders = ["images"]\nhidden = [1, -2]': "hidden",
    'folders = ["images"]\nclasses = ["a"]': r"under \[\[classes\]\]",
    'folders = ["images"]\n[[classes]]\nvalue = 0': "no whole number from 1 on",
    'folders = ["images"]\n[[classes]]\nvalue = true': "no whole number from 1 on",
    'folders = ["images"]\n[[classes]]\nvalue = 1\ncolor = "red"': "the colour 'red'",
    'folders = ["images"]\n[[classes]]\nvalue = 1\nnom = "a"': "no setting 'nom'.*'name'",
    'folders = ["images"]\n[[classes]]\nvalue = 1\n[[classes]]\nvalue = 1': "two classes",
    'folders = ["images"]\nignore = 1\n[[classes]]\nvalue = 1': "is to be ignored",
    'folders = ["images"]\nsplit = "two-way"': r"under \[split\]",
    'folders = ["images"]\n[split]\nhow = "half"': "split.how = 'half'.*three-way",
    'folders = ["images"]\n[split]\nseeds = 1': "no setting 'seeds'.*'seed'",
    'folders = ["images"]\n[split]\nseed = -1': "whole numbers",
    'folders = ["images"]\n[split]\nfolds = 3\nfold = 3': "no fold 3 of 3",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_each_mistake_is_a_sentence_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=MISTAKES[text]) as told:
        read_project(written(tmp_path, text))

    assert PROJECT_FILE in str(told.value) or "ignored" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_path_that_could_not_be_read_again_is_not_written(project: Project) -> None:
    with pytest.raises(InputError, match="letters that no project can name"):
        write_project(replace(project, folders=(project.root / "a\nb",)))

    assert not project.file.exists()


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no project"):
        read_project(tmp_path)


def test_a_link_that_leaves_the_project_is_no_relative_path(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="leaves the project's folder"):
        read_project(written(tmp_path / "mine", 'folders = ["link"]'))


def test_another_tool_s_file_of_that_name_makes_no_project(tmp_path: Path) -> None:
    assert not holds_project(tmp_path)
    written(tmp_path, '[tool]\nname = "other"\n')
    assert not holds_project(tmp_path)
    written(tmp_path, 'program = "segstudio"\n')
    assert holds_project(tmp_path)


def full(path: Path, text: str, **_: str) -> None:
    """Write half of a text, as on a disk that becomes full."""
    path.write_bytes(text.encode()[: len(text) // 2])
    raise OSError(28, "No space left on device")


def test_a_writing_that_fails_leaves_the_file_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project)
    before = project.file.read_bytes()
    monkeypatch.setattr(atomic.Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_project(replace(project, name="other"))

    assert project.file.read_bytes() == before
    assert [path.name for path in project.root.iterdir() if path.is_file()] == [PROJECT_FILE]


def test_progress_is_written_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    image = tmp_path / "images" / "a.nii"
    progress = (
        Progress(image, (2,), "draft", 12, tmp_path / "drafts" / "a.nii.gz"),
        Progress(Path("/elsewhere/b.nii"), (), "reviewed", 0),
    )
    project = Project(tmp_path, "mine", (tmp_path / "images",), progress=progress)
    write_project(project)
    assert read_project(tmp_path).progress == progress


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('image = "images/a.nii"\nstate = "done"', "Known: draft, edited, reviewed"),
        ('image = "images/a.nii"\nseconds = -1', "no whole number from 0"),
        ('image = "images/a.nii"\ndraft = "../../a.nii"', "leaves the project's folder"),
        ('image = "images/a.nii"\ndraft = "run.py"', "no file of labels"),
        ('image = "images/a.nii"\nseconds = 1\nstat = "draft"', "no setting 'stat'"),
    ],
)
def test_a_mistake_in_progress_is_told(tmp_path: Path, row: str, told: str) -> None:
    (tmp_path / "images").mkdir()
    write_project(Project(tmp_path, "mine", (tmp_path / "images",)))
    file = tmp_path / "project.toml"
    file.write_text(file.read_text().replace("progress = []", "") + f"\n[[progress]]\n{row}\n")
    with pytest.raises(InputError, match=told):
        read_project(tmp_path)
