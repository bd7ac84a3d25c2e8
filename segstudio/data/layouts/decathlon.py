"""The Medical Segmentation Decathlon's layout: ``imagesTr/NAME``, ``labelsTr/NAME``, 4-D images."""

from collections.abc import Sequence
from pathlib import Path

from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import stem
from segstudio.data.layouts.beside import NNUNET_FOLDERS, first_file, lies_inside, nnunet_name
from segstudio.data.layouts.frames import frames_of
from segstudio.data.layouts.nnunet import channel_names, description, nnunet_classes


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the cases of a folder in the Decathlon's layout; None for another folder.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`. The paths that ``dataset.json`` lists are not followed:
        what lies in its folders counts.
    root : Path
        The folder. ``modality`` in its description names the channels, which are the entries of
        an image's fourth axis.

    Raises
    ------
    InputError
        The description is damaged or names no classes.
    """
    images = [p for p in files if p.parent.parent == root and p.parent.name in NNUNET_FOLDERS]
    is_described = (root / "dataset.json").is_file() and lies_inside(root / "dataset.json", root)
    labelled = any(p.parent == root / "imagesTr" and _labels_of(p, root) for p in images)
    if not (is_described and labelled) or any(nnunet_name(p) for p in images):
        return None
    modality = description(root).get("modality", {})
    channels = len(modality) if isinstance(modality, dict | list) else 1
    cases = tuple(_case(p, channels, root) for p in images)
    notes = _other_numbers(cases, channels)
    return Dataset(
        root.resolve().name,
        root,
        cases,
        nnunet_classes(root),
        "Decathlon",
        notes,
        channel_names(root),
    )


def _other_numbers(cases: Sequence[Case], channels: int) -> tuple[str, ...]:
    """Return a sentence where a file holds more channels than are described."""
    more = [case for case in cases if frames_of(case.image) > channels]
    if not more:
        return ()
    return (
        f"{len(more)} file(s) hold more entries than the {channels} channel(s) of dataset.json, "
        f"the first is '{more[0].image}': the rest is left out.",
    )


def _case(image: Path, channels: int, root: Path) -> Case:
    name, labels = stem(image), _labels_of(image, root)
    side = "test" if image.parent.name == "imagesTs" else "train"
    pairing = f"'{labels.parent.name}' holds '{labels.name}'" if labels else ""
    frames = tuple(range(channels)) if channels > 1 else ()
    return Case(name, name, image, labels, side, frames=frames, pairing=pairing)


def _labels_of(image: Path, root: Path) -> Path | None:
    found = first_file(image.parent.with_name(NNUNET_FOLDERS[image.parent.name]), stem(image))
    return found if found is not None and lies_inside(found, root) else None
