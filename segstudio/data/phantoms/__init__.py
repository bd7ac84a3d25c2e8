"""Generated images with labels: no patient's picture, and hard in the same way as one."""

from segstudio.data.phantoms.brain_dataset import write_brain_dataset
from segstudio.data.phantoms.brain_image import BRAIN_CLASSES, brain, brain_grid
from segstudio.data.phantoms.heart_dataset import write_heart_dataset
from segstudio.data.phantoms.heart_image import HEART_CLASSES, heart, heart_grid
from segstudio.data.phantoms.spine_angles import cobb_angles
from segstudio.data.phantoms.spine_dataset import write_spine_dataset
from segstudio.data.phantoms.spine_image import SPINE_CLASSES, spine, vertebra_labels

__all__ = [
    "BRAIN_CLASSES",
    "HEART_CLASSES",
    "SPINE_CLASSES",
    "brain",
    "brain_grid",
    "cobb_angles",
    "heart",
    "heart_grid",
    "spine",
    "vertebra_labels",
    "write_brain_dataset",
    "write_heart_dataset",
    "write_spine_dataset",
]
