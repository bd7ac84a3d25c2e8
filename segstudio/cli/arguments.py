"""What the commands take: arguments and options, with the help of each."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from segstudio.data.cases import Drawing
from segstudio.learn.config import DEFAULT_LOSS
from segstudio.learn.presets import packaged_files

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
        "dropout=0.1 --set augmentation.rotation=10 --set spacing=8,1.5,1.5.",
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
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Trainings of each loss; those of a comparison that goes on stay.  [default: 1]",
    ),
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
        help="Parts trained at once on this machine, of one thread each where the settings name "
        "no other number.  [default: as many as its cores hold, on a CPU, with Dask installed]",
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
        "networks and images; parts that lie there are not trained again, and stay in the "
        "comparison.",
    ),
]
