"""What every worker of `hostile_files.py` needs, loaded once for all."""

from importlib import import_module

from segstudio.data.formats.table import FORMATS

for kind in FORMATS:
    import_module(f"segstudio.data.formats.{kind.module}")
