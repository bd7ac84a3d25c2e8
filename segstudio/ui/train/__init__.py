"""The panels of trainings and of runs, and the threads that train."""
