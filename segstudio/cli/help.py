"""What the help of the commands says: purpose, examples and settings."""

import textwrap
from dataclasses import asdict

from segstudio.core.loss_maps import MapOptions
from segstudio.learn.augment import Augmentation
from segstudio.learn.config import TrainConfig, to_toml
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
