"""The sound folders that `hostile_files.py` damages, and all that it tries by name."""

import json
from collections.abc import Callable

from hostile_seeds import (
    CORNERS,
    Seed,
    analyze,
    arrays,
    dicom,
    hdf5,
    itk,
    nifti,
    picture,
    seed_of,
    tiff,
)
from scipy.io import savemat

from segstudio.data.formats import SUFFIXES

ALIASES = {".tiff": ".tif", ".jpeg": ".jpg", ".hdf5": ".h5", ".dicom": ".dcm", ".ima": ".dcm"}
MAKERS: dict[str, Callable[[str], list[Seed]]] = {
    ".nii.gz": nifti,
    ".nii": nifti,
    ".nrrd": itk,
    ".mha": itk,
    ".mhd": itk,
    ".hdr": analyze,
    ".img": analyze,
    ".tif": tiff,
    ".png": picture,
    ".jpg": picture,
    ".bmp": picture,
    ".npy": arrays,
    ".npz": arrays,
    ".h5": hdf5,
    ".dcm": dicom,
}
SPINE = "x.jpg"


def landmarks() -> list[Seed]:
    """Return a challenge's landmarks, raw and packed, with their image and its angles."""
    picture_file = next(iter(picture(".jpg")[0].files.values()))
    tables = {"filenames.csv": f"{SPINE}\n".encode(), "angles.csv": b"10.5,20.25,30.125\n"}
    places = {f"labels/training/{name}": content for name, content in tables.items()}
    others = {f"data/training/{SPINE}": picture_file, **places}
    file = f"labels/training/{SPINE}.mat"
    seeds = []
    for packed in (False, True):
        made = seed_of(
            lambda d, p=packed: savemat(d / "a.mat", {"p2": CORNERS}, do_compression=p), "a.mat"
        )
        seeds.append(Seed({**others, file: made.files["a.mat"]}, (file, *places)))
    return seeds


def descriptions() -> list[Seed]:
    """Return folders of nnU-Net and of the Decathlon, with what describes them."""
    image = nifti(".nii.gz")[0].files["a.nii.gz"]
    four = nifti(".nii.gz")[3].files["a.nii.gz"]
    new = {
        "channel_names": {"0": "MR"},
        "labels": {"background": 0, "one": 1, "two": 2, "ignore": 3},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    old = {
        "modality": {"0": "T1", "1": "T2", "2": "FLAIR"},
        "labels": {"0": "background", "1": "one", "2": "two", "3": "three"},
        "training": [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}],
    }
    labels = {"labelsTr/a.nii.gz": image}
    return [
        Seed(
            {"dataset.json": json.dumps(about).encode(), name: content, **labels}, ("dataset.json",)
        )
        for about, name, content in (
            (new, "imagesTr/a_0000.nii.gz", image),
            (old, "imagesTr/a.nii.gz", four),
        )
    ]


def tables() -> list[Seed]:
    """Return folders with a table of pairs."""
    image = nifti(".nii")[0].files["a.nii"]
    files = {"images/a.nii": image, "masks/a b.nii": image, "b.nii": image, "c.nii": image}
    return [
        Seed({**files, "pairs.csv": text.encode("utf-8-sig")}, ("pairs.csv",))
        for text in (
            "image,mask,patient,split\nimages/a.nii,masks/a b.nii,1,train\nb.nii,c.nii,2,test\n",
            'image;label\n"images/a.nii";"masks/a b.nii"\nb.nii;\n',
        )
    ]


def patients() -> list[Seed]:
    """Return a patient of ACDC."""
    image = nifti(".nii.gz")[0].files["a.nii.gz"]
    place = "training/patient001"
    told = b"ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n"
    names = [
        f"{place}/patient001_frame{n}{end}.nii.gz" for n in ("01", "12") for end in ("", "_gt")
    ]
    return [
        Seed({f"{place}/Info.cfg": told, **dict.fromkeys(names, image)}, (f"{place}/Info.cfg",))
    ]


FOLDERS = {".mat": landmarks, "dataset.json": descriptions, ".csv": tables, "Info.cfg": patients}


def all_seeds() -> dict[str, list[Seed]]:
    """Return the seeds of every suffix that the program reads, and of every layout's own files."""
    seeds = {s: MAKERS[s](s) for s in SUFFIXES if s in MAKERS}
    return {**seeds, **{name: make() for name, make in FOLDERS.items()}}


def untried() -> list[str]:
    """Return the suffixes that no seed has; another spelling of one that is tried is none."""
    return [s for s in SUFFIXES if s not in MAKERS and s not in ALIASES]
