"""How far a figure may be off: percentile bootstrap intervals (Efron 1979), the seed fixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLES = 1000
SEED = 20220401  # any fixed number: two runs over the same outcomes give the same intervals

Float64 = NDArray[np.float64]


def mean_interval(sample: Float64) -> tuple[float, float]:
    """Return the 95 % interval of the mean of one or more values; a single value is its own interval."""
    if sample.size < 2:
        return float(sample[0]), float(sample[0])
    return _bootstrap((sample,), np.mean)


def ratio_interval(numerators: Float64, denominators: Float64) -> tuple[float, float]:
    """Return the 95 % interval of the sum of one over the sum of the other, pairs being resampled together.

    Each pair counts what belongs together (the sentences of all answers to one question, say), so that it is
    not taken for as many independent observations.
    """
    if numerators.size < 2:
        ratio = float(numerators.sum() / denominators.sum())
        return ratio, ratio
    return _bootstrap((numerators, denominators), _ratio, paired=True)


def _ratio(numerators: Float64, denominators: Float64, axis: int = -1) -> Float64:
    """Return the ratio of the sums, 0 where a sample has nothing to count."""
    return np.asarray(numerators.sum(axis=axis) / np.maximum(denominators.sum(axis=axis), 1))


def area_under_roc(right: Float64, wrong: Float64, axis: int = -1) -> Float64:
    """Return the chance that a value of `right` is above one of `wrong`, a tie counting one half.

    This is the area under the ROC curve: the Mann-Whitney statistic over the number of pairs.
    """
    pairs = right.shape[axis] * wrong.shape[axis]
    test = stats.mannwhitneyu(right, wrong, axis=axis, method="asymptotic")
    return np.asarray(test.statistic / pairs, dtype=np.float64)


def area_interval(right: Float64, wrong: Float64) -> tuple[float, float]:
    """Return the 95 % interval of the area, the two kinds of question resampled each on its own."""
    if min(right.size, wrong.size) < 2:
        area = float(area_under_roc(right, wrong))
        return area, area
    return _bootstrap((right, wrong), area_under_roc)


def _bootstrap(
    samples: tuple[Float64, ...], statistic: Callable[..., object], *, paired: bool = False
) -> tuple[float, float]:
    result = stats.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        method="percentile",
        vectorized=True,
        paired=paired,
        batch=100,  # bounds memory: 100 × questions numbers at a time
        rng=np.random.default_rng(SEED),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
