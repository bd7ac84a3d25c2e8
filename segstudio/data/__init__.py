"""Files and folders: formats, datasets, splits and phantoms."""
