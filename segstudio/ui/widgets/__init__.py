"""Widgets and questions that several panels use."""
