"""The studio: a room for each panel, what panels share, and what ties them to a viewer."""
