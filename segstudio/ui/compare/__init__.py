"""The compare panel, and what it has done beside the window."""
