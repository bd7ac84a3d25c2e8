"""Volumes, labels, distances and scores: arrays in, arrays out; no torch, no Qt."""
