"""Volumes, maps and predictions as napari layers; no Qt."""
