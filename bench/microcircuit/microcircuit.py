#!/usr/bin/env python3
"""The cortical microcircuit by the book: rates, irregularity and correlation over several seeds.

    bench/microcircuit/microcircuit.py                            # 10 seeds of 10 s, full scale: 1.9 GB
    bench/microcircuit/microcircuit.py --seeds 1 --seconds 1
    bench/microcircuit/microcircuit.py --network examples/networks/microcircuit-10.toml --seconds 2

Each seed draws its own connections, initial values and inputs. After a time that is left out, the rate
of each population, the mean coefficient of variation of the intervals of a neuron, and the mean
correlation of pairs among 200 neurons, in bins of 2 ms, are those of `bnsyn analyse spikes`. The table
has the mean over the seeds and, in brackets, the least and the greatest, beside what is published:

  Potjans & Diesmann, Cerebral Cortex 24:785 (2014), doi 10.1093/cercor/bhs358;
  van Albada et al., Frontiers in Neuroscience 12:291 (2018), doi 10.3389/fnins.2018.00291.

The ranges of rates are those between simulators and seeds. For the others the papers have pictures, and
say in words that the activity is asynchronous and irregular: here CVs of 0.7 to 1.2 and correlations
below 0.02. A mean outside its range, of the full network as it stands in the file, makes the exit code 1,
and so does a silent population of any network.

The energy is that of the processor's packages and memory from the start to the end of the command, the
construction of the network included, if the machine counts it (RAPL, /sys/class/powercap).
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FULL = ROOT / "examples/networks/microcircuit.toml"
RATES = {  # Hz
    "L23E": (0.8, 1.0), "L23I": (2.8, 3.1), "L4E": (4.2, 4.6), "L4I": (5.6, 6.1),
    "L5E": (7.2, 8.2), "L5I": (8.2, 9.0), "L6E": (1.0, 1.25), "L6I": (7.5, 8.2),
}
IRREGULAR = (0.7, 1.2)
ASYNCHRONOUS = (-0.02, 0.02)


class Energy:
    """Counters of energy that wrap around."""

    def __init__(self, directory):
        # Packages stand at the top, and what they hold below: of that only the memory is not theirs.
        self.files = []
        for zone in sorted(pathlib.Path(directory).glob("intel-rapl:*")):
            name = read(zone / "name")
            if zone.name.count(":") == 1 and name.startswith("package") or name == "dram":
                if read(zone / "energy_uj"):
                    self.files.append(zone)
        self.start()

    def start(self):
        self.before = [int(read(zone / "energy_uj")) for zone in self.files]

    def joules(self):
        """Since start; None if the machine does not tell."""
        if not self.files:
            return None
        total = 0
        for zone, before in zip(self.files, self.before):
            used = int(read(zone / "energy_uj")) - before
            total += used if used >= 0 else used + int(read(zone / "max_energy_range_uj"))
        return total / 1e6


def read(path):
    """The text of a file; "" where it cannot be read, as counters of energy by some users."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def command(arguments, *words):
    done = subprocess.run([str(arguments.bnsyn), *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bnsyn {words[0]} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def run_seed(arguments, seed, directory):
    sets = [word for value in arguments.set for word in ("--set", value)]
    energy = Energy(arguments.powercap)
    start = time.monotonic()
    report = command(arguments, "run", arguments.network, "--backend", "accelerated", "--threads", arguments.threads,
                     "--seed", seed, "--duration", f"{arguments.warm_up + arguments.seconds}s", "--out", directory,
                     "--no-hint", "--json", *sets)
    wall = time.monotonic() - start
    joules = energy.joules()
    analysis = command(arguments, "analyse", "spikes", directory, "--from", f"{arguments.warm_up}s",
                       "--correlation-bin", "2ms", "--resamples", 0, "--json")
    events = report["spikes"] * report["synapses"] / report["neurons"]
    return {
        "seed": seed,
        "populations": analysis["populations"],
        "digest": report["digest"],
        "real_time_factor": report["real_time_factor"],
        "wall_s": wall,
        "energy_j": joules,
        "energy_uj_per_event": None if joules is None or events == 0 else joules * 1e6 / events,
    }


def values(runs, population, key):
    """Of each seed; without those where it is not defined."""
    found = [run["populations"][population][key] for run in runs]
    return [value for value in found if value is not None]


def summary(numbers, form):
    if not numbers:
        return "-"
    return f"{statistics.fmean(numbers):{form}} ({min(numbers):{form}} to {max(numbers):{form}})"


def problems(runs, judged):
    """What is not as it should be, a sentence each."""
    found = []
    for population in runs[0]["populations"]:
        if not any(values(runs, population, "rate_hz")):
            found.append(f"{population} is silent")
            continue
        if not judged:
            continue
        for what, key, (low, high) in (("rate", "rate_hz", RATES[population]), ("CV", "cv", IRREGULAR),
                                       ("correlation", "correlation", ASYNCHRONOUS)):
            numbers = values(runs, population, key)
            mean = statistics.fmean(numbers) if numbers else math.nan
            if not low <= mean <= high:
                found.append(f"the {what} of {population} is {mean:.4g}, outside {low} to {high}")
    return found


def table(runs, judged):
    header = ["population", "neurons", "Hz", "published", "CV", "correlation"]
    rows = [header]
    for population, first in runs[0]["populations"].items():
        published = "%g to %g" % RATES[population] if judged else "-"
        rows.append([population, str(first["neurons"]), summary(values(runs, population, "rate_hz"), ".3f"), published,
                     summary(values(runs, population, "cv"), ".3f"),
                     summary(values(runs, population, "correlation"), ".5f")])
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join("  " + line for line in lines)


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=pathlib.Path, default=FULL)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as of bnsyn run; repeatable")
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="seeds 1 to N (default 10)")
    parser.add_argument("--seconds", type=float, default=10, help="that are looked at, of each seed (default 10)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before them (default 0.5)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bnsyn", type=pathlib.Path, default=ROOT / "build/release/bin/bnsyn")
    parser.add_argument("--powercap", default="/sys/class/powercap", help="where the counters of energy are")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(words)
    if arguments.seeds < 1 or arguments.seconds <= 0 or arguments.warm_up <= 0:
        parser.error("seeds, seconds and the warm-up must be greater than 0")
    return arguments


def main(words):
    arguments = parse(words)
    judged = arguments.network.resolve() == FULL.resolve() and not arguments.set
    runs = []
    for seed in range(1, arguments.seeds + 1):
        with tempfile.TemporaryDirectory() as directory:
            runs.append(run_seed(arguments, seed, directory))
        if not arguments.json:
            print(f"seed {seed}: {runs[-1]['wall_s']:.1f} s", file=sys.stderr)
    found = problems(runs, judged)
    if arguments.json:
        print(json.dumps({"network": str(arguments.network), "seconds": arguments.seconds, "runs": runs,
                          "problems": found}, indent=2))
        return 1 if found else 0
    print(f"{arguments.network.name}: {arguments.seeds} seeds of {arguments.seconds:g} s after "
          f"{arguments.warm_up:g} s; mean (least to greatest)\n")
    print(table(runs, judged))
    factors = [run["real_time_factor"] for run in runs]
    print(f"\na simulated second takes {summary(factors, '.3f')} s of wall time")
    joules = [run["energy_j"] for run in runs if run["energy_j"] is not None]
    if joules:
        per_event = [run["energy_uj_per_event"] for run in runs if run["energy_uj_per_event"] is not None]
        print(f"energy of a run: {summary(joules, '.1f')} J, {summary(per_event, '.3f')} uJ for a synaptic event")
    else:
        print("energy: this machine does not tell it")
    for problem in found:
        print(problem)
    if judged and not found:
        print("all means are within the published ranges")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
