"""Threads beside the window that several panels use."""
