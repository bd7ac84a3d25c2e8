"""Tables and figures that set runs side by side."""
