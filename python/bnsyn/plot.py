"""Pictures, by matplotlib, which is imported when the first is drawn. All return the axes."""
from __future__ import annotations

import numpy as np


def _axes(ax):
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.figure().add_subplot()


def draw_trace(trace, ax=None, **keywords):
    ax = _axes(ax)
    lines = ax.plot(trace.times, trace.values, **keywords)
    if len(lines) > 1 and len(lines) <= 10:
        for line, index in zip(lines, trace.indices):
            line.set_label(str(index))
        ax.legend(fontsize="small")
    ax.margins(x=0)
    ax.set_xlabel("time (ms)")
    ax.set_ylabel(f"{trace.variable} ({trace.unit})" if trace.unit else trace.variable)
    return ax


class Plots:
    """The pictures of a simulation: sim.plot.raster(cells)."""

    def __init__(self, simulation):
        self._simulation = simulation

    def raster(self, neurons=None, ax=None, *, size: float = 0.5, color="black", **keywords):
        """A dot for each spike, by time and neuron."""
        times, indices = self._simulation.spikes(neurons)
        ax = _axes(ax)
        keywords.setdefault("linestyle", "none")
        ax.plot(times, indices, ".", markersize=size, color=color, rasterized=True, **keywords)
        ax.set_xlabel("time (ms)")
        ax.set_ylabel(f"neuron of {neurons}" if neurons is not None else "neuron")
        ax.set_xlim(0, max(self._simulation._session.time_ms, self._simulation._session.dt))
        return ax

    def rate(self, neurons=None, ax=None, *, bin_ms: float = 5.0, **keywords):
        """The mean rate over time, in bins."""
        simulation = self._simulation
        times, _ = simulation.spikes(neurons)
        population, part = simulation._population_of(neurons)
        size = simulation._names[population]
        if part is not None:
            size = len(simulation._session.numbers(part))
        end = simulation._session.time_ms
        edges = np.arange(0, max(end, bin_ms) + bin_ms / 2, bin_ms)
        counts, _ = np.histogram(times, edges)
        ax = _axes(ax)
        ax.stairs(counts / size / (bin_ms / 1000), edges, **keywords)
        ax.set_xlabel("time (ms)")
        ax.set_ylabel("rate (Hz)")
        return ax

    def weights(self, projection: str, ax=None, *, bins: int = 50, **keywords):
        """A histogram of the present weights of a projection."""
        synapses = self._simulation.synapses(projection)
        ax = _axes(ax)
        ax.hist(synapses.w, bins, **keywords)
        ax.set_xlabel(f"weight of {projection}")
        ax.set_ylabel("synapses")
        return ax
