"""Generated images with labels: no patient's picture, and hard in the same way as one."""

from segstudio.data.phantoms.heart_dataset import write_heart_dataset
from segstudio.data.phantoms.heart_image import HEART_CLASSES, heart, heart_grid

__all__ = ["HEART_CLASSES", "heart", "heart_grid", "write_heart_dataset"]
