"""The learning rate, as a function of how much of the training is behind."""

import math

from segstudio.learn.config import TrainConfig

POWER = 0.9  # of 'poly', as in DeepLab and nnU-Net


def learning_rate(config: TrainConfig, behind: float) -> float:
    """Return the learning rate after so many epochs.

    It depends on nothing else, so that it goes on where it was after a resume; a run that is
    given more epochs goes on with the rate that the longer training has there.

    Parameters
    ----------
    config : TrainConfig
        Its `schedule`, `epochs`, `warm_up_epochs` and learning rate.
    behind : float
        Epochs that are behind, their fraction included.
    """
    rate = config.step_size
    if config.warm_up_epochs > 0:
        # Never 0: the first step would be lost.
        rate *= min(1.0, (behind + 0.01) / config.warm_up_epochs)
    left = max(0.0, 1 - behind / config.epochs)
    if config.schedule == "poly":
        return rate * math.pow(left, POWER)
    if config.schedule == "cosine":
        return rate * (1 - math.cos(math.pi * left)) / 2
    return rate
