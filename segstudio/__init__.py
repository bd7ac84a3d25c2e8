"""segstudio: train and compare segmentation losses in a napari window."""

__version__ = "0.1.0"
