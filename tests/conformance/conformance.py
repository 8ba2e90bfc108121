"""Runs the same networks in bnsyn and in Brian2, and compares: conformance.py [--quick] [--inject wrong-equation].

Each network is run twice: in Brian2, and from its file in examples/networks in bnsyn with math = "strict", both with
the same connections, initial values and, in a window at the beginning, inputs, all drawn here. Then

- membranes must agree to 1e-6 mV at every neuron and step of the first 20 ms or more;
- spikes must be the same step for step, and the first that is not must not come before 20 ms. These networks are
  chaotic: a difference of rounding grows until a spike moves, and from there on the runs are two samples of one
  process. Where inputs are random, they are the same in the window alone, and spikes are compared there;
- over 10 s, the rates and the CVs of inter-spike intervals of all neurons must have the same distribution, by the
  two-sample test of Kolmogorov and Smirnov at p = 0.01. After the window each simulator draws its own inputs. Neurons
  are the samples. As both runs have the same connections, the rates of one neuron in both are alike: then the test is
  conservative, and does not fail for the chance of the draw of connections;
- the mean rate must be that of the literature.

Prints a table; exit code 1 if anything misses, 2 if something could not be run.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np

import bnsyn_side
import compare
from data import stop
from networks import NETWORKS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LARGEST_DIFFERENCE_MV = 1e-6
SAME_MS = 20.0
LEAST_P = 0.01

ROW = "{:<10}  {:>8}  {:>9}  {:>7}  {:>8}  {:>7}  {:>7}  {:>8}  {:>8}  {:<4}"
HEADER = ("network", "traces", "max |dV|", "differ", "spikes", "KS p", "KS p", "rate Hz", "rate Hz", "")
HEADER_2 = ("", "ms", "mV", "from ms", "equal", "rates", "CVs", "bnsyn", "Brian2", "")


def run_brian(network, data, directory, seconds, seed):
    command = [sys.executable, HERE / "brian_side.py", network.name, directory, str(seconds), str(seed)]
    with open(directory / "brian.log", "w", encoding="utf-8") as log:
        status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        stop(f"Brian2 failed on {network.name}; {directory}/brian.log tells why")
    with np.load(directory / "brian.npz") as file:
        return compare.Run(file["steps"], file["neurons"], file["trace"], data.neurons, seconds)


def judge(network, ours, theirs, seconds, statistics):
    """The row of a network, and what it misses."""
    end = network.window_steps if network.window_ms is not None else round(seconds * 1000 / network.dt_ms)
    largest = compare.largest_difference(ours, theirs)
    differ, equal = compare.first_difference(ours, theirs, end)
    p_rates = compare.kolmogorov_smirnov(ours.rates(), theirs.rates()) if statistics else None
    p_cvs = compare.kolmogorov_smirnov(ours.cvs(), theirs.cvs()) if statistics else None
    rates = [float(np.mean(run.rates())) for run in (ours, theirs)]
    misses = []
    if not largest <= LARGEST_DIFFERENCE_MV:
        misses.append(f"membranes differ by more than {LARGEST_DIFFERENCE_MV:g} mV")
    if differ is not None and differ * network.dt_ms < SAME_MS:
        misses.append(f"spikes differ before {SAME_MS:g} ms")
    if equal == 0:
        misses.append("no spikes were compared, which proves nothing")
    if statistics:
        low, high = network.rate_hz
        misses += [f"the rate is not from {low} to {high} Hz" for rate in rates if not low <= rate <= high]
        misses += [f"p < {LEAST_P} for {of}" for p, of in ((p_rates, "rates"), (p_cvs, "CVs")) if not p > LEAST_P]
    row = ROW.format(
        network.name,
        f"{network.trace_ms:g}",
        f"{largest:.1e}",
        "never" if differ is None else f"{differ * network.dt_ms:.1f}",
        equal,
        "-" if p_rates is None else f"{p_rates:.3f}",
        "-" if p_cvs is None else f"{p_cvs:.3f}",
        *(f"{rate:.2f}" for rate in rates),
        "ok" if not misses else "MISS",
    )
    return row, misses


def compare_network(network, arguments):
    """Draws, runs both, compares: a row of the table, and what is missed."""
    started = time.monotonic()
    directory = arguments.out / network.name
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    data = network.draw(np.random.default_rng(arguments.seed))
    data.save(directory)
    seconds = max(network.window_ms or 0, 100) / 1000 if arguments.quick else arguments.seconds
    theirs = run_brian(network, data, directory, seconds, arguments.seed)
    ours = bnsyn_side.run(network, data, directory, arguments.bnsyn, seconds, arguments.inject)
    row, misses = judge(network, ours, theirs, seconds, statistics=not arguments.quick)
    if not misses:
        shutil.rmtree(directory)
    return f"{row}  {time.monotonic() - started:.0f} s", misses


def main():
    parser = argparse.ArgumentParser(description="Compares bnsyn with Brian2 on the standard networks.")
    add = parser.add_argument
    add("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all of them if none is named")
    add("--bnsyn", default=ROOT / "build/release/bin/bnsyn", help="the command to run")
    add("--out", type=pathlib.Path, default=ROOT / "build/conformance", help="where data is kept, until all is well")
    add("--quick", action="store_true", help="traces and first spikes alone, without the runs of 10 s")
    add("--seconds", type=float, default=10, help="how long to run for the statistics")
    add("--jobs", type=int, default=2, help="networks at a time")
    add("--seed", type=int, default=1, help="of the data")
    add("--inject", choices=["wrong-equation"], help="makes an equation in bnsyn wrong, which must be noticed")
    arguments = parser.parse_args()
    unknown = set(arguments.networks) - set(NETWORKS)
    if unknown:
        parser.error(f"no network is named {', '.join(sorted(unknown))}; there are {', '.join(NETWORKS)}")

    print(ROW.format(*HEADER).rstrip() + "\n" + ROW.format(*HEADER_2).rstrip(), flush=True)
    failed = False
    names = arguments.networks or list(NETWORKS)
    # Each network runs in processes of one thread, so that two networks fill two cores.
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, (row, misses) in zip(names, pool.map(lambda name: compare_network(NETWORKS[name], arguments), names)):
            print(row, flush=True)
            for miss in misses:
                print(f"  {name}: {miss}", flush=True)
            failed = failed or bool(misses)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
