"""Generated images beside the real ones they stand for, in numbers and in a picture.

    python tests/benchmarks/phantom_likeness.py [--sets heart spine brain] [--data FOLDER]
                                                [--phantoms 24] [--real 40] [--out FOLDER]

For each set the 5th, 50th and 95th percentile over images, real and generated; a mark where the
generated median lies outside the real spread. Contrast is a class's mean less that of the ring
about it, in standard deviations of the ring. --out writes a picture of each set, with and without
labels: it shows patients, so it is not for publication.
"""

import argparse
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from segstudio.core.labels import PALETTE
from segstudio.data.datasets import load_case, open_dataset
from segstudio.data.formats import read_labels, read_volume
from segstudio.data.phantoms import brain, cobb_angles, heart, spine, vertebra_labels

SETS = {"heart": "acdc", "spine": "aasce", "brain": "wmh_flair"}
IN_PLANE = ndimage.generate_binary_structure(3, 1)
IN_PLANE[[0, 2]] = False


@dataclass
class Scan:
    """One image with labels, both (Z, Y, X), its spacing in mm and, of a spine, its corners."""

    image: NDArray[np.float32]
    labels: NDArray[np.int_]
    spacing: tuple[float, float, float]
    landmarks: NDArray[np.float64] | None = None


def real_hearts(folder: Path) -> Iterator[Scan]:
    """Yield ACDC's images, 192 x 192 around the middle, as far as they reach."""
    dataset = open_dataset(folder)
    for case in dataset.cases:
        volume, labels = load_case(case)
        rows, columns = (max(0, (n - 192) // 2) for n in labels.shape[1:])
        crop = np.s_[:, rows : rows + 192, columns : columns + 192]
        yield Scan(volume.data[crop].astype(np.float32), labels[crop], volume.spacing)


def real_spines(folder: Path) -> Iterator[Scan]:
    """Yield AASCE's training images whose vertebrae are listed from top to bottom."""
    labels = folder / "labels" / "training"
    with (labels / "filenames.csv").open(encoding="utf-8") as file:
        names = [row[0] for row in csv.reader(file)]
    for name, row in zip(names, np.loadtxt(labels / "landmarks.csv", delimiter=","), strict=True):
        image = np.asarray(Image.open(folder / "data" / "training" / name).convert("L"))
        corners = row.reshape(2, 68).T * image.shape[::-1]
        if (np.diff(corners.reshape(17, 8)[:, 1]) < 0).any():
            continue
        truth = vertebra_labels(corners, image.shape).astype(int)
        yield Scan(image[None].astype(np.float32), truth, (1.0, 1.0, 1.0), corners)


def real_brains(folder: Path) -> Iterator[Scan]:
    """Yield the three patients with white matter lesions."""
    for path in sorted(folder.glob("*/t2flair-stripped.nii.gz")):
        volume = read_volume(path)
        labels = read_labels(path.with_name("gt.nii.gz"))
        yield Scan(volume.data.astype(np.float32), labels, volume.spacing)


def phantom(kind: str, seed: int, real: list[Scan]) -> Scan:
    """Return a generated image; spines and brains have the shapes of the real ones."""
    like = real[seed % len(real)].image.shape
    if kind == "spine":
        volume, labels, landmarks = spine(seed, shape=like)
        return Scan(volume.data.astype(np.float32), labels, volume.spacing, landmarks)
    if kind == "brain":
        volume, labels = brain(seed, shape=like)
    else:
        volume, labels = heart(seed // 2, phase=("ED", "ES")[seed % 2])
    return Scan(volume.data.astype(np.float32), labels.astype(int), volume.spacing)


def measures(kind: str, scan: Scan) -> dict[str, float]:
    """Return what is compared of one image, by name."""
    image, labels = scan.image, scan.labels
    inside = image > 0 if kind == "brain" else np.ones(image.shape, bool)
    found = {
        f"intensity, {q} %": float(np.percentile(image[inside], q)) for q in (1, 25, 50, 75, 99)
    }
    found["noise"] = noise_level(image)
    if kind == "spine":
        groups = {"thoracic": (1, 13), "lumbar": (13, 18)}
    else:
        names = {"heart": ("right ventricle", "myocardium", "left ventricle"), "brain": ("lesion",)}
        groups = {name: (i + 1, i + 2) for i, name in enumerate(names[kind])}
    for name, (first, end) in groups.items():
        mask = (labels >= first) & (labels < end)
        found[f"{name}, %"] = 100 * float(mask.sum() / inside.sum())
        found[f"{name}, contrast"] = contrast(kind, image, labels, range(first, end), inside)
        found |= {f"{name}, {k}": v for k, v in objects(kind, scan, mask).items()}
    if kind == "brain":
        found["brain, ml"] = float(inside.sum() * np.prod(scan.spacing) / 1000)
        rest = image[inside & (labels == 0)]
        alike = rest > np.percentile(image[labels == 1], 10)
        found["rest as bright as a lesion, %"] = 100 * float(alike.mean())
    if scan.landmarks is not None:
        angles = cobb_angles(scan.landmarks, image.shape[1])
        found |= dict(zip(("Cobb, main", "Cobb, upper", "Cobb, lower"), angles, strict=True))
        span = scan.landmarks.reshape(17, 4, 2).mean(axis=1)
        found["top, % of height"] = 100 * span[0, 1] / image.shape[1]
        found["bottom, % of height"] = 100 * span[-1, 1] / image.shape[1]
    return found


def noise_level(image: NDArray[np.float32]) -> float:
    """Return the noise's standard deviation where the image is neither black nor white."""
    spread = 4 * image[:, 1:-1, 1:-1] - image[:, 2:, 1:-1] - image[:, :-2, 1:-1]
    spread -= image[:, 1:-1, 2:] + image[:, 1:-1, :-2]
    low, high = np.percentile(image[image > 0], (10, 95))
    middle = (image > low) & (image < high)
    # The median of the absolute Laplacian; edges are rare, noise is everywhere.
    return float(np.median(np.abs(spread[middle[:, 1:-1, 1:-1]])) / 0.6745 / np.sqrt(20))


def contrast(
    kind: str,
    image: NDArray[np.float32],
    labels: NDArray[np.int_],
    values: range,
    inside: NDArray[np.bool_],
) -> float:
    """Return how far classes stand out of a ring of six pixels about each; NaN where absent."""
    found = []
    for value in values:
        mask = labels == value
        if not mask.any():
            continue
        gap = ndimage.binary_dilation(mask, IN_PLANE) if kind == "brain" else mask
        ring = ndimage.binary_dilation(mask, IN_PLANE, iterations=6) & ~gap & inside
        ring &= labels == 0 if kind != "heart" else True
        if ring.sum() > 10:
            found.append((image[mask].mean() - image[ring].mean()) / (image[ring].std() + 1e-3))
    return float(np.mean(found)) if found else np.nan


def objects(kind: str, scan: Scan, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Return the number of pieces and their sizes: of a spine, in thousandths of the film."""
    if kind == "spine":
        quads = scan.landmarks.reshape(17, 4, 2)[12 if scan.labels[mask].min() > 12 else 0 :][:12]
        width = np.hypot(*(quads[:, 1] - quads[:, 0]).T)
        height = np.hypot(*((quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) / 2).T)
        side = scan.image.shape[1] / 1000
        return {"width": np.median(width) / side, "height": np.median(height) / side}
    # ACDC's headers hold no true spacing here, so hearts are counted in voxels.
    if kind == "heart":
        return {"1000 voxels": float(mask.sum() / 1000)}
    pieces, number = ndimage.label(mask)
    voxels = np.bincount(pieces.ravel())[1:]
    area = np.prod(scan.spacing[1:])
    found = {"ml": float(mask.sum() * np.prod(scan.spacing) / 1000)}
    found |= {"pieces": float(number), "of 1 to 5 voxels": float((voxels <= 5).sum())}
    for q in (5, 50, 95):
        found[f"piece, {q} %, mm²"] = float(np.percentile(voxels, q) * area)
    return found


def table(real: list[dict[str, float]], generated: list[dict[str, float]]) -> str:
    """Return the measures of both, a row each."""
    lines = [f"{'':34}{'real  5 %':>10}{'50 %':>9}{'95 %':>9}{'phantom':>11}{'50 %':>9}{'95 %':>9}"]
    for name in real[0]:
        a, b = (np.nanpercentile([m[name] for m in s], (5, 50, 95)) for s in (real, generated))
        mark = "" if a[0] <= b[1] <= a[2] else "  !"
        numbers = "".join(f"{v:9.2f}" for v in a) + "  " + "".join(f"{v:9.2f}" for v in b)
        lines.append(f"{name:35}{numbers}{mark}")
    return "\n".join(lines)


def picture(kind: str, real: list[Scan], generated: list[Scan], path: Path) -> None:
    """Write real images over generated ones, each without and with labels."""
    columns = 8 if kind == "spine" else 6
    figure = Figure(figsize=(2.2 * columns, 20 if kind == "spine" else 10), layout="tight")
    axes = figure.subplots(4, columns)
    for row, scans in enumerate((real, generated)):
        for column in range(columns):
            scan = scans[column % len(scans)]
            planes = np.flatnonzero((scan.labels > 0).any(axis=(1, 2)))
            z = planes[(2 + column // len(scans)) * len(planes) // 4]
            crop = scan.image[z], scan.labels[z]
            if kind == "brain":
                rows, cols = (
                    np.flatnonzero((scan.image > 0).any(axis=k)) for k in ((0, 2), (0, 1))
                )
                crop = tuple(c[rows[0] : rows[-1], cols[0] : cols[-1]] for c in crop)
            for k in (0, 1):
                axis = axes[2 * row + k, column]
                axis.imshow(crop[0], cmap="gray", vmin=0, vmax=np.percentile(scan.image, 99.9))
                axis.set_axis_off()
            axis.imshow(_colours(crop[1]))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _colours(labels: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return labels as colours one can look through, (Y, X, 4)."""
    rgb = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [0.45] for c in PALETTE]
    return np.array([[0.0, 0.0, 0.0, 0.0], *(rgb * 20)[:255]])[labels]


def main() -> None:
    """Print the tables, and write the pictures where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    data = Path(os.environ.get("SEGSTUDIO_DATA", "."))
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--phantoms", type=int, default=24, help="generated images of each set")
    parser.add_argument("--real", type=int, default=40, help="real images of each set, at most")
    parser.add_argument("--out", type=Path, help="folder for a picture of each set")
    options = parser.parse_args()
    readers = {"heart": real_hearts, "spine": real_spines, "brain": real_brains}
    for kind in options.sets:
        everything = list(readers[kind](options.data / SETS[kind]))
        real = everything[:: max(1, len(everything) // options.real)][: options.real]
        generated = [phantom(kind, seed, real) for seed in range(options.phantoms)]
        print(f"{kind}: {len(real)} real images, {len(generated)} generated\n")
        scores = [[measures(kind, scan) for scan in scans] for scans in (real, generated)]
        print(f"{table(*scores)}\n", flush=True)
        if options.out is not None:
            picture(kind, real, generated, options.out / f"{kind}.png")


if __name__ == "__main__":
    main()
