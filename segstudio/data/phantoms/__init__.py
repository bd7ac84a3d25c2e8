"""Generated images with labels: no patient's picture, and hard in the same way as one."""

from segstudio.data.phantoms.heart_dataset import write_heart_dataset
from segstudio.data.phantoms.heart_image import HEART_CLASSES, heart, heart_grid
from segstudio.data.phantoms.spine_angles import cobb_angles
from segstudio.data.phantoms.spine_dataset import write_spine_dataset
from segstudio.data.phantoms.spine_image import SPINE_CLASSES, spine, vertebra_labels

__all__ = [
    "HEART_CLASSES",
    "SPINE_CLASSES",
    "cobb_angles",
    "heart",
    "heart_grid",
    "spine",
    "vertebra_labels",
    "write_heart_dataset",
    "write_spine_dataset",
]
