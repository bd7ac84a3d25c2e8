"""What the help of the commands says: examples, arguments and options."""

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from segstudio.core.loss_maps import MapOptions
from segstudio.data.cases import Drawing
from segstudio.learn.augment import Augmentation
from segstudio.learn.config import DEFAULT_LOSS, TrainConfig, to_toml
from segstudio.learn.presets import packaged_files
from segstudio.losses.card import Card
from segstudio.losses.expression import options_of


def examples(*lines: str) -> str:
    """Return the last part of a command's help."""
    # The control character keeps the lines that follow as they are.
    return "\b\nExamples:\n" + "\n".join(f"  segstudio {line}" for line in lines)


def settings() -> str:
    """Return what may stand in a settings file: names, meanings and defaults."""
    rows = []
    for name, field in TrainConfig.model_fields.items():
        default = "" if field.default is None else f"  [default: {str(field.default).lower()}]"
        text = textwrap.wrap(f"{field.description}{default}", 58)
        rows += [f"  {name:<19} {text[0]}", *(" " * 22 + line for line in text[1:])]
    maps = textwrap.wrap(to_toml(asdict(MapOptions())).strip().replace("\n", ", "), 58)
    rows += [
        "  [maps]              a table, with the defaults",
        *(" " * 22 + line for line in maps),
    ]
    change = textwrap.wrap(to_toml(asdict(Augmentation())).strip().replace("\n", ", "), 58)
    rows += [
        "  [augmentation]      a table, with the defaults",
        *(" " * 22 + line for line in change),
    ]
    return "\n\n\b\nSettings in the TOML file of --config, as 'name = value':\n" + "\n".join(rows)


def _word(value: object) -> str:
    """Return a value as it is typed in a loss or a settings file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def card_rows(one: Card) -> list[tuple[str, str]]:
    """Return what a loss says of itself, line by line."""
    options = ", ".join(f"{key}={_word(p.default)}" for key, p in options_of(one.name).items())
    given = "" if one.maps is None else ", ".join(one.maps.words())
    rows = [
        (one.title, one.formula),
        ("Range", one.bounds),
        ("Class that is absent", one.absent),
        ("Reading the curve", one.reading),
        ("Note", one.note),
        ("Options", f"{one.name}({options})" if options else "none"),
        ("Learning rate", f"{one.learning_rate:g} (Adam)"),
        ("Distance maps", given or "not needed"),
        ("Reference", one.reference),
    ]
    return [(title, text) for title, text in rows if text]


STUDIO = (
    "Open volumes, see distance maps, train a U-Net with the loss of your choice, compare.\n\n"
    "'segstudio' opens the window; 'segstudio PATH…' opens it with an image or a folder loaded. "
    "'segstudio COMMAND --help' explains a command and gives examples.\n\n"
    "For research use only; not a medical device."
)
STUDIO_EXAMPLES = examples(
    "demo", "train acdc --loss dice --out run", "predict run image.nii.gz --out predictions"
)
DEMO = (
    "Try everything on generated hearts: distance maps, a training with the modified boundary "
    "loss, predictions, scores, pictures. Opens the window where there is a display."
)
MAPS = (
    "Write the signed distance maps of a label file, in the source's geometry: the distance of "
    "each voxel to the contour of the class, in mm, negative inside."
)
LENS = (
    "Draw what losses see in one plane of a run's prediction: the share of every voxel in the "
    "value, the pull on its probability, and the pull on the network's output. Beneath it stands "
    "where the paper's argument for its loss holds, and where not."
)
TRAIN = (
    "Train a U-Net on a folder of images with labels: an ACDC folder, or NIfTI images with "
    "NAME_gt, _seg, _mask or _labels beside NAME, or nnU-Net's folders. A quarter of the patients "
    "is test and touched once, at the end; 15 % of the rest choose the best epoch. Ctrl+C stops "
    "and keeps the state."
)
TRAIN_EXAMPLES = (
    examples(
        "train acdc --loss dice --epochs 12 --out run",
        "train acdc --out run --resume              # after an interruption",
        "train acdc --out run --resume --epochs 24  # more of a finished run",
        "train acdc --config run/config.toml --seed 1 --out run_1",
        "train acdc --preset augmented --set batch_size=16 --out run",
    )
    + settings()
)
CHECK = (
    "Examine a dataset before any training: what is in it, what is wrong with it, and what to "
    "train it with.\n\nThe exit status is 1 where something is broken, 0 where all can be read."
)
COMPARE = (
    "Train the same network once for each loss, and compare them: same patients, same batches, "
    "same budget.\n\nGive the same command again to go on after an interruption, or with more "
    "losses or seeds: what is finished is kept. The folder holds a run for each part, Table 1, all "
    "scores, paired tests of every loss against the first, pictures, and report.html with all of "
    "it.\n\nA study is a TOML file that says what is compared; --workers and --cluster train "
    "several parts at once."
)
CONVERT = (
    "Write an image, or labels, in another format; the source is not changed.\n\nWhere a header "
    "contradicts itself, --place and --spacing say what is true. A file of a DICOM series stands "
    "for the whole series."
)
EXPORT = "Write a dataset in nnU-Net's raw layout: imagesTr, labelsTr, dataset.json."
PHANTOM = (
    "Generate images with labels, hard in the same way as real ones and no picture of a patient, "
    "in the layout of their originals: short-axis hearts (ACDC), radiographs of spines (AASCE), or "
    "brains with white-matter lesions (a folder for each patient)."
)
PREDICT = (
    "Predict images with a run's best network: one label file each, named as its image and on "
    "its grid."
)
EVALUATE = (
    "Score predictions against the truth, per case and class: Dice, HD95 and ASSD in mm, and the "
    "predicted volume in ml.\n\nFiles are matched by name; the truth of 'a.nii.gz' may be called "
    "'a_gt.nii.gz' (also _seg, _mask, _labels). Truths without a prediction are left out."
)

_UNDER = "[default: a new one under"

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", help="Images (NIfTI, NRRD …) or folders."),
]
Headless = Annotated[bool, typer.Option("--headless", help="No window; files and pictures only.")]
DemoFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help=f"New folder for data, run and pictures.  {_UNDER} ~/segstudio/demos]",
    ),
]
Seconds = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Length of the training.")]
Labels = Annotated[Path, typer.Argument(metavar="LABELS", help="Label file (NIfTI, NRRD …).")]
MapsFile = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="New NIfTI; the maps of the label values 0, 1, 2 … lie along its fourth axis.",
    ),
]
Label = Annotated[
    int | None, typer.Option(metavar="VALUE", help="One label value only; the file is then 3-D.")
]
PerPlane = Annotated[
    bool, typer.Option("--per-plane", help="Measure in each plane, as a 2-D network's loss does.")
]
GivenTo = Annotated[
    str | None,
    typer.Option("--for", metavar="LOSS", help="Measure and shape as this loss is given its maps."),
]
MeasuredTo = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="CONVENTION",
        help="To the nearest other 'voxel', the 'contour' voxels, or the nearest 'face'.",
    ),
]
Image = Annotated[Path, typer.Argument(metavar="IMAGE", help="Image (NIfTI, NRRD …).")]
Picture = Annotated[Path, typer.Option(metavar="FILE", help="New picture (.png, .svg, .pdf).")]
LensLabel = Annotated[
    int | None,
    typer.Option("--label", metavar="VALUE", help="Label value of the class.  [default: first]"),
]
Plane = Annotated[
    int | None,
    typer.Option(metavar="N", help="From 1.  [default: where most of the class is]"),
]
LensLosses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        metavar="LOSS",
        help="May be given again.  [default: the paper's]",
    ),
]
DatasetFolder = Annotated[
    Path, typer.Argument(metavar="DATASET", help="Folder of images with labels, or of a project.")
]
NewRun = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help=f"New run folder.  {_UNDER} $SEGSTUDIO_RUNS or ~/segstudio/runs]"
    ),
]
LossName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"A loss or a sum of some; see 'segstudio losses'.  [default: {DEFAULT_LOSS}]",
    ),
]
Epochs = Annotated[
    int | None, typer.Option(metavar="N", help="Passes over all slices.  [default: 12]")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML file of settings; options given here win."),
]
Preset = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Settings that belong together; see 'segstudio presets'."),
]
PresetName = Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a preset.")]
Assign = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any setting that 'segstudio train --help' lists; may be given again, as in --set "
        "dropout=0.1 --set augmentation.rotation=10.",
    ),
]
SplitChoice = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="KIND",
        help="How cases are parted: three-way, two-way (no test side), or none, where all are "
        "trained on and scored, which says nothing about new ones.  [default: three-way]",
    ),
]
Flips = Annotated[
    bool, typer.Option("--flips", help="Mean over mirror images: better by little, 4 times longer.")
]
Largest = Annotated[
    bool, typer.Option("--largest", help="Keep of each class the largest connected piece only.")
]
Doubt = Annotated[
    bool,
    typer.Option("--doubt", help="Write probabilities and their entropy too, as NIfTI beside it."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the run in --out, with its own settings; length, device and precision "
        "may be given anew.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="Of the split, the weights and the order.  [default: 0]"),
]
Device = Annotated[
    str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.  [default: auto]")
]
Precision = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="auto, 32-true, bf16-mixed or 16-mixed.  [default: auto]"),
]
SkipUnlabelled = Annotated[
    bool, typer.Option("--skip-unlabelled", help="Leave out images without labels.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
Images = Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Images (NIfTI, NRRD …).")]
PredictionsFolder = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder for the predictions; nothing is overwritten.")
]
Predictions = Annotated[
    Path, typer.Argument(metavar="PREDICTIONS", help="Label file, or folder of label files.")
]
Truth = Annotated[Path, typer.Argument(metavar="TRUTH", help="Label file, or folder of them.")]
Ignore = Annotated[
    int | None,
    typer.Option(metavar="VALUE", help="Label value of the truth whose voxels count for nothing."),
]
ScoresFile = Annotated[Path, typer.Option(metavar="FILE", help="New CSV file.")]
LossArgument = Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a loss.")]


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Quick = Annotated[
    bool,
    typer.Option("--quick", help="Do not measure how long an epoch takes: no torch is loaded."),
]
DrawingChoice = Annotated[
    Drawing | None,
    typer.Option(
        "--landmarks",
        help="How landmarks become labels: one class, each its own, or alternating.  "
        "[default: one]",
    ),
]
Source = Annotated[Path, typer.Argument(metavar="SOURCE", help="File to read.")]
Target = Annotated[Path, typer.Argument(metavar="TARGET", help="New file; its suffix says how.")]
Frame = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="Which entry of the source's fourth axis, from 0."),
]
AsLabels = Annotated[
    bool, typer.Option("--labels", help="The values are labels: write the smallest whole numbers.")
]
PlaceChoice = Annotated[
    Literal["sform", "qform", "none"] | None,
    typer.Option("--place", help="Which of a NIfTI header's two places is true, or none of them."),
]
NewSpacing = Annotated[
    tuple[float, float, float] | None,
    typer.Option(metavar="Z Y X", help="The true spacing in mm: planes, rows, columns."),
]
ExportFolder = Annotated[Path, typer.Argument(metavar="OUT", help="New folder.")]
PhantomKind = Annotated[
    Literal["heart", "spine", "brain"],
    typer.Argument(metavar="KIND", help="heart, spine or brain."),
]
PhantomFolder = Annotated[Path, typer.Argument(metavar="OUT", help="New folder.")]
Patients = Annotated[int, typer.Option(min=1, metavar="N", help="How many patients.")]
Losses = Annotated[
    str,
    typer.Option(
        metavar="A,B,…",
        help="Losses, parted by commas; the others are tested against the first. One that has "
        "commas of its own is given with --loss, which may be given again.",
    ),
]
MoreLosses = Annotated[
    list[str] | None, typer.Option("--loss", metavar="LOSS", help="A further loss, or a sum.")
]
Seeds = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Trainings of each loss.  [default: 1]")
]
Folds = Annotated[
    int | None,
    typer.Option(min=2, metavar="K", help="Parts of a cross-validation, each once the test side."),
]
StudyFolder = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the comparison.")]
StudyFile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="What to compare, instead of --losses: a study that comes with the program "
        f"({', '.join(packaged_files('studies'))}), or a TOML file; what is given besides takes "
        "the place of its settings.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Parts trained at once on this machine, one thread each.  [default: one a core on a "
        "CPU, with Dask installed]",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster that trains the parts; all its workers must see DATASET "
        "and DIR under the same paths.",
    ),
]
Results = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep scores, settings and code version of finished parts there too, without "
        "networks and images; parts that lie there are not trained again.",
    ),
]
