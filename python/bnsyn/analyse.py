"""How far a network is from criticality, and the irregularity of its spikes: docs/criticality.md.

Results are functions of the arguments alone, the seed among them.
"""
from __future__ import annotations

import numpy as np

from . import _core


def counts(simulation, neurons=None, *, bin_ms: float = 4.0) -> np.ndarray:
    """The number of spikes in each bin of the run so far; a last shorter bin is left out."""
    steps, _ = simulation.spike_steps(neurons)
    per_bin = simulation._session.steps_in(bin_ms)
    return _core.count_in_bins(steps, 0, simulation.step, per_bin)


def branching_ratio(trials, *, lags: int = 0, resamples: int = 500, confidence: float = 0.95,
                    seed: int = 42) -> dict:
    """The branching ratio m for a bin by multistep regression, with its confidence interval.

    `trials` is an array of counts, or a list of such, one for each trial. The key "verdict" says
    whether there is an estimate; if not, "reason" says why.
    """
    many = trials if isinstance(trials, (list, tuple)) else [trials]
    return _core.branching_ratio([np.asarray(t, dtype=float) for t in many], lags, resamples,
                                 confidence, seed)


def original_sigma(counts, alpha: float = 0.05) -> tuple[float, float]:
    """The last value and the mean of sigma as the original BN-Syn estimates it."""
    return _core.original_sigma(counts, alpha)


def simulate_branching(m: float = 0.98, mean: float = 100, *, observed: float = 1,
                       bins: int = 100_000, seed: int = 42) -> np.ndarray:
    """The counts of a branching process of that branching ratio and mean."""
    return _core.simulate_branching(m, mean, observed, bins, seed)


def avalanches(counts) -> tuple[np.ndarray, np.ndarray]:
    """Sizes in spikes and durations in bins of the runs of bins that are not empty."""
    return _core.avalanches(counts)


def mean_interval(simulation, neurons=None) -> float:
    """The mean interval between successive spikes of all neurons together, in ms."""
    steps, _ = simulation.spike_steps(neurons)
    return _core.mean_interval(steps) * simulation._session.dt


def power_law(numbers, *, least: int = 1, most: int = 0, resamples: int = 200,
              seed: int = 42) -> dict:
    """A discrete power law fitted by maximum likelihood, and its test of fit."""
    return _core.power_law(numbers, least, most, resamples, seed)


def describe(simulation, neurons=None, *, bin_ms: float = 2.0, correlated: int = 200,
             seed: int = 42) -> dict:
    """Rate, irregularity (CV of intervals) and mean correlation of the spikes of a population."""
    population, _ = simulation._population_of(neurons)
    steps, indices = simulation.spike_steps(population)
    return _core.describe_spikes(
        steps, indices, simulation._session.dt, 0, simulation.step,
        simulation._session.steps_in(bin_ms), simulation._names[population], correlated, seed,
    )
