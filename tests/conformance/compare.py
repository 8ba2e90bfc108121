"""How two runs of one network are compared."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class Run:
    """Spikes in order of step and neuron, and membrane traces [step, neuron]: the values at its end."""

    steps: np.ndarray
    neurons: np.ndarray
    trace: np.ndarray
    size: int
    seconds: float

    def rates(self) -> np.ndarray:
        """Mean rate of each neuron, in Hz."""
        return np.bincount(self.neurons, minlength=self.size) / self.seconds

    def cvs(self) -> np.ndarray:
        """Coefficient of variation of the inter-spike intervals of each neuron that has five or more."""
        order = np.lexsort((self.steps, self.neurons))
        neurons, intervals = self.neurons[order], np.diff(self.steps[order])
        within = neurons[1:] == neurons[:-1]
        neurons, intervals = neurons[1:][within], intervals[within]
        number = np.bincount(neurons, minlength=self.size)
        enough = number >= 5
        mean = np.bincount(neurons, intervals, self.size)[enough] / number[enough]
        square = np.bincount(neurons, intervals.astype(float) ** 2, self.size)[enough] / number[enough]
        return np.sqrt(np.maximum(square - mean**2, 0)) / mean


def largest_difference(a: Run, b: Run) -> float:
    """Of the membrane traces, as far as both go."""
    samples = min(len(a.trace), len(b.trace))
    return float(np.max(np.abs(a.trace[:samples] - b.trace[:samples])))


def first_difference(a: Run, b: Run, end: int) -> tuple[int | None, int]:
    """The first step before `end` whose spikes differ, and the number of spikes before it."""
    keys = [run.steps[run.steps < end] * run.size + run.neurons[run.steps < end] for run in (a, b)]
    shorter = min(map(len, keys))
    different = np.flatnonzero(keys[0][:shorter] != keys[1][:shorter])
    if len(different) > 0:
        return int(min(key[different[0]] for key in keys)) // a.size, int(different[0])
    if len(keys[0]) != len(keys[1]):
        return int(max(keys, key=len)[shorter]) // a.size, shorter
    return None, shorter


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    """The p value of the two-sample test, from the limit of large samples with the correction of Stephens 1970.

    Ties, as there are in rates of whole spikes, make the test say "equal" more often, not less.
    """
    values = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (a, b)]
    distance = np.max(np.abs(below[0] - below[1]))
    size = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    x = (size + 0.12 + 0.11 / size) * distance
    if x < 0.2:
        return 1.0  # to within 1e-12, and the series below would converge slowly
    return float(min(1, max(0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101)))))
