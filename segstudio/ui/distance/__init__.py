"""The distance panel, and the maps as a loss sees them."""
