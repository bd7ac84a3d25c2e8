"""Whether one loss is better than another: paired by patient, with intervals by resampling."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

RESAMPLES = 10_000
CONFIDENCE = 0.95
# In simulations the interval of fewer covers the truth in 58 % (2 patients) to 85 % (4), and the
# test can show nothing at 0.05.
FEWEST = 6


@dataclass(frozen=True)
class Paired:
    """How one loss compares with another over the same patients.

    Attributes
    ----------
    patients : int
        How many have a value under both.
    difference : float
        The mean over patients of the first minus the second; NaN where there are none.
    low, high : float
        The bounds of its 95 % confidence interval over patients, the networks as they are; NaN
        with fewer than `FEWEST` patients.
    p : float
        Of the Wilcoxon signed-rank test, two-sided; 1 where no patient differs, NaN where there
        is none.
    """

    patients: int
    difference: float
    low: float
    high: float
    p: float


def by_patient(
    values: Iterable[tuple[str, float]], patient_of: Mapping[str, str]
) -> dict[str, float]:
    """Return the mean of each patient's cases: cases of one patient are no independent sample.

    Parameters
    ----------
    values : iterable of (str, float)
        A case's name and its value; what is NaN is left out.
    patient_of : mapping of str to str
        The patient of each case.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for case, value in values:
        if not math.isnan(value):
            found[patient_of[case]].append(value)
    return {patient: float(np.mean(each)) for patient, each in found.items()}


def compare_paired(
    first: Mapping[str, float], second: Mapping[str, float], *, seed: int = 0
) -> Paired:
    """Return how the values of the same patients compare.

    The interval is the bias-corrected and accelerated bootstrap over patients (Efron 1987), as
    `scipy.stats.bootstrap` has it; the test `scipy.stats.wilcoxon`, exact for few patients
    without ties.

    Parameters
    ----------
    first, second : mapping of str to float
        A value for each patient; those in both are compared.
    seed : int
        Of the resampling.
    """
    patients = sorted(set(first) & set(second))
    differences = np.array([first[p] - second[p] for p in patients])
    if not patients:
        return Paired(0, math.nan, math.nan, math.nan, math.nan)
    mean = float(differences.mean())
    low, high = _interval(differences, seed)
    p = 1.0
    if (differences != 0).any():
        p = float(stats.wilcoxon(differences).pvalue)
    return Paired(len(patients), mean, low, high, p)


def _interval(differences: np.ndarray, seed: int) -> tuple[float, float]:
    if len(differences) < FEWEST:
        return math.nan, math.nan
    if np.ptp(differences) == 0:  # every resample is the same: nothing to correct a bias by
        return float(differences[0]), float(differences[0])
    found = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values of several tests, adjusted by Holm's method (1979); NaN stays NaN.

    Parameters
    ----------
    p_values : sequence of float
        Of the tests that are reported together.
    """
    known = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    order = sorted(known, key=lambda i: p_values[i])
    result, largest = [math.nan] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(known) - rank) * p_values[i]))
        result[i] = largest
    return result


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation (n − 1) of some runs; NaN where unknown."""
    kept = [v for v in values if not math.isnan(v)]
    if not kept:
        return math.nan, math.nan
    spread = float(np.std(kept, ddof=1)) if len(kept) > 1 else math.nan
    return float(np.mean(kept)), spread
