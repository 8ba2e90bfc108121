#!/usr/bin/python3
"""What recording costs, and how fast synapses are read from files of NumPy.

    bench/recording.py                     # with build/release/bin/bnsyn
    bench/recording.py spikes --repeat 9 --formats npy
    bench/recording.py synapses --synapses 15000000

`spikes` runs a network without and with all spikes recorded, in turn, and prints the seconds of its
steps: wall time and processor time of all threads, the least of all runs, and their ratios to those
without. `synapses` reads a list of pre, post, weight and delay as one structured array (.npy), and
as four arrays (.npz), and prints the seconds of the command beyond those of the same network with a
list of one synapse. Needs Debian's python3-numpy for `synapses`.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

NETWORK = """
network = {{ dt = "0.1 ms", duration = "0.1 ms", seed = 1 }}
[populations]
cells = {{ model = "lif_exp", size = 100000 }}
[projections.listed]
source = "cells"
target = "cells"
rule = {{ type = "list", file = "{file}" }}
weight = "1 pA"
on_pre = "I_ex_post += w"
"""


def run(bnsyn, arguments):
    """The report of a run; wall and processor seconds of the whole command go with it."""
    command = [bnsyn, "run", *map(str, arguments), "--backend", "accelerated", "--no-hint", "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr}")
    report = json.loads(result.stdout)
    report["command_s"] = wall
    report["command_processor_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return report


def spikes(options):
    arms = ["none", *options.formats]
    runs = {arm: [] for arm in arms}
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(options.repeat):
            for arm in arms:
                recorded = ["--out", f"{directory}/{arm}", "--format", arm] if arm != "none" else []
                arguments = [options.network, "--duration", options.duration, "--threads", options.threads]
                runs[arm].append(run(options.bnsyn, [*arguments, *recorded]))
    print(f"{options.network}, {options.duration}, {options.threads} threads, {runs['none'][0]['spikes']} spikes")
    print(f"{'recorded':10} {'wall s':>8} {'ratio':>7} {'processor s':>12} {'ratio':>7}")
    least = lambda arm, key: min(report[key] for report in runs[arm])
    for arm in arms:
        wall, processor = least(arm, "wall_s"), least(arm, "processor_s")
        print(f"{arm:10} {wall:8.3f} {wall / least('none', 'wall_s'):7.3f} {processor:12.3f} {processor / least('none', 'processor_s'):7.3f}")


def synapses(options):
    import numpy as np

    rng = np.random.default_rng(1)
    count = options.synapses
    columns = {
        "pre": np.sort(rng.integers(0, 100000, count)).astype("u4"),
        "post": rng.integers(0, 100000, count).astype("u4"),
        "weight": rng.uniform(0, 1, count),
        "delay": rng.integers(1, 30, count) * 0.1,
    }
    table = np.zeros(count, dtype=[("pre", "<u4"), ("post", "<u4"), ("weight", "<f8"), ("delay", "<f8")])
    for name, values in columns.items():
        table[name] = values
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        np.save(directory / "one.npy", table[:1])
        np.save(directory / "list.npy", table)
        np.savez(directory / "list.npz", **columns)
        files = ["one.npy", "list.npy", "list.npz"]
        for file in files:
            (directory / f"{file}.toml").write_text(NETWORK.format(file=file))
        runs = {file: [] for file in files}
        for _ in range(options.repeat):
            for file in files:
                runs[file].append(run(options.bnsyn, [directory / f"{file}.toml"]))
    least = lambda file, key: min(report[key] for report in runs[file])
    print(f"{count} synapses")
    print(f"{'file':10} {'wall s':>8} {'processor s':>12}")
    for file in files[1:]:
        times = [least(file, key) - least(files[0], key) for key in ("command_s", "command_processor_s")]
        print(f"{file:10} {times[0]:8.3f} {times[1]:12.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[[], "spikes", "synapses"], default=["spikes", "synapses"])
    parser.add_argument("--bnsyn", default="build/release/bin/bnsyn")
    parser.add_argument("--network", default="examples/networks/microcircuit.toml")
    parser.add_argument("--duration", default="1s")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--formats", nargs="+", default=["csv", "npy", "sonata"])
    parser.add_argument("--synapses", type=int, default=15000000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    if "spikes" in options.what:
        spikes(options)
    if "synapses" in options.what:
        synapses(options)


if __name__ == "__main__":
    main()
