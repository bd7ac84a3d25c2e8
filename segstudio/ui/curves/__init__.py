"""The curves of trainings, and the timeline of their predictions."""
