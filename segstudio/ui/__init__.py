"""The studio: one panel per file, the curves and the training thread."""
