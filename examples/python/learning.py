#!/usr/bin/python3
"""Draws what the networks of examples/networks/learning have learned: learning.py NETWORK DIRECTORY PICTURE.

DIRECTORY is what `bnsyn run --out DIRECTORY --record ...` has written; docs/learning.md has the commands. All that
is shown is computed here, from weights and spikes. Needs python3-matplotlib.
"""

import argparse
import pathlib

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

plt.rcParams |= {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
                 "figure.constrained_layout.use": True}  # fmt: skip
BLUE, RED, GREY = "#3465a4", "#cc0000", "#888a85"


def recorded(directory, variable):
    """The times of the samples in seconds, and a row of values for each."""
    table = np.loadtxt(directory / f"{variable}.csv", delimiter=",", skiprows=1, ndmin=2)
    return table[:, 0] / 1000, table[:, 1:]


def spike_times(directory, population):
    """The times of all spikes of a population, in seconds."""
    with open(directory / "spikes.csv", encoding="ascii") as file:
        rows = (line.split(",") for line in file)
        return np.array([float(row[3]) for row in rows if row[0] == population]) / 1000


def panels(number):
    return plt.subplots(1, number, figsize=(3.2 * number, 2.5))


def selectivity(directory):
    """Weights at the beginning, over time, and at the end; the rate of the cell."""
    seconds, weights = recorded(directory, "learn.w")
    top = 0.015
    figure, (over_time, last, rate) = panels(3)
    bins = np.linspace(0, 1, 21)
    counts = np.array([np.histogram(row / top, bins)[0] for row in weights])
    over_time.imshow(counts.T, origin="lower", aspect="auto", extent=(seconds[0], seconds[-1], 0, 1), cmap="Blues",
                     vmax=200)  # fmt: skip
    over_time.set(xlabel="time (s)", ylabel="weight / top", title="how many weights are where")
    last.hist(weights[0] / top, bins, color=GREY, label="at first")
    last.hist(weights[-1] / top, bins, color=BLUE, alpha=0.8, label=f"after {seconds[-1]:g} s")
    last.set(xlabel="weight / top", ylabel="synapses", title="two groups of weights")
    last.legend(frameon=False)
    each = 10
    times = spike_times(directory, "cell")
    bins = np.arange(0, seconds[-1] + each, each)
    rate.plot(bins[:-1] + each / 2, np.histogram(times, bins)[0] / each, color=BLUE)
    rate.set(xlabel="time (s)", ylabel="Hz", title="rate of the cell", ylim=(0, None))
    return figure


def latency(directory):
    """The time of the first spike in each presentation, and weights by the latency of their inputs."""
    period, longest, top = 0.3, 50, 0.015
    times = spike_times(directory, "cell")
    presentation = np.floor(times / period + 1e-9).astype(int)
    number, first = np.unique(presentation, return_index=True)
    seconds, weights = recorded(directory, "learn.w")
    figure, (when, by_latency) = panels(2)
    when.plot(number, (times[first] - number * period) * 1000, ".", color=BLUE, markersize=3)
    when.set(xlabel="presentation", ylabel="ms", title="first spike after the beginning", ylim=(0, None))
    latencies = np.linspace(0, longest, weights.shape[1])
    for at, colour in ((0, GREY), (np.searchsorted(seconds, 5), "#729fcf"), (-1, BLUE)):
        by_latency.plot(latencies, weights[at] / top, ".", color=colour, markersize=2, label=f"{seconds[at]:g} s")
    by_latency.set(xlabel="latency of the input (ms)", ylabel="weight / top", title="early inputs win")
    by_latency.legend(frameon=False, markerscale=4)
    return figure


def distal_reward(directory):
    """The rewarded weight beside all others, over time and at the end."""
    seconds, weights = recorded(directory, "ee.w")
    rewarded, others = weights[:, 0], weights[:, 1:]
    figure, (over_time, last) = panels(2)
    over_time.plot(seconds / 60, rewarded, color=RED, label="the rewarded one")
    for part, colour in ((99.9, "#729fcf"), (50, GREY)):
        label = f"{part:g} % of the others are below"
        over_time.plot(seconds / 60, np.percentile(others, part, axis=1), color=colour, label=label)
    over_time.set(xlabel="time (min)", ylabel="weight", title="one weight among 64,000", ylim=(0, 6))
    over_time.legend(frameon=False, loc="upper left")
    last.hist(others[-1], np.linspace(0, 4, 41), color=GREY, log=True)
    last.annotate("the rewarded one", (rewarded[-1], 1), (2.6, 3000), color=RED, ha="center",
                  arrowprops={"arrowstyle": "->", "color": RED})  # fmt: skip
    last.set(xlabel="weight", ylabel="synapses", title=f"after {seconds[-1] / 60:g} min")
    return figure


PICTURES = {"distal-reward": distal_reward, "stdp-selectivity": selectivity, "stdp-latency": latency}


def main():
    parser = argparse.ArgumentParser(description="Draws what the networks of examples/networks/learning have learned.")
    parser.add_argument("network", choices=PICTURES)
    parser.add_argument("directory", type=pathlib.Path, help="what `bnsyn run --out` has written")
    parser.add_argument("picture", type=pathlib.Path, help="the PNG file to write")
    arguments = parser.parse_args()
    figure = PICTURES[arguments.network](arguments.directory)
    figure.savefig(arguments.picture, dpi=120)


if __name__ == "__main__":
    main()
