"""Times networks in bnsyn and in Brian2 side by side: peers.py [NETWORK ...] [--repeat N] [--seconds S] [--json].

Both run on one thread, alternating, so that whatever else the machine does befalls both. A time is that of the steps
alone, for each simulated second; code generation, compilation and construction (connections and initial values) stand
beside it. The rate is that of all neurons from the beginning of the run on.

Exit code 1 if a network was silent or its rate not the expected one on either side, since times then prove nothing;
2 if something could not be run. That a ratio is below its goal is shown, but is no failure.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# Name: the range of rates in Hz for both sides, and the least ratio that is the goal.
NETWORKS = {
    "coba": ((16, 22), 5),
    "coba-stdp": ((16, 22), 6),
    "coba40k": ((18, 22), 6),
    "coba40k-dense": ((16, 20), 6),
    "cuba": ((5, 8), None),
    "cobahh": ((33, 39), 8),
    "adex10k": ((7, 10), 6),
    "brunel": ((30, 34), 12),
    "brunel-stdp": ((27, 33), 20),
    "izhikevich": ((6, 9), None),
}
# Networks that take less than a minute for all runs.
QUICK = [name for name in NETWORKS if not name.startswith("coba40k") and name != "brunel-stdp"]

ROW = "{:<14} {:>6} {:>6}  {:>8} {:>8}  {:>8} {:>8}  {:>6} {:>6} {:>5}  {:>7} {:>7}  {:>7} {:>7}  {}"
HEADER = ("network", "Hz", "Hz", "s/s", "s/s", "s/s", "s/s", "ratio", "ratio", "", "compile", "compile", "build s",
          "build s", "")  # fmt: skip
HEADER_2 = ("", "bnsyn", "Brian2", "bnsyn", "median", "Brian2", "median", "", "median", "goal", "bnsyn", "Brian2",
            "bnsyn", "Brian2", "")  # fmt: skip


def stop(message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def output_of(command, what, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        stop(f"{what} failed with code {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


class Brian:
    """One network in Brian2, which the constructor compiles."""

    def __init__(self, name, directory, seconds):
        self.directory, self.seconds = directory, seconds
        shutil.rmtree(directory, ignore_errors=True)
        command = [sys.executable, HERE / "brian_network.py", name, directory, str(seconds)]
        described = json.loads(output_of(command, f"Brian2's code of {name}").splitlines()[-1])
        self.neurons, self.compile_s = described["neurons"], described["make_s"] + described["compile_s"]

    def run(self):
        began = time.monotonic()
        output_of([self.directory / "main"], "Brian2's program", cwd=self.directory)
        total = time.monotonic() - began
        wall, processor, spikes = (float(word) for word in (self.directory / "times.txt").read_text().split())
        (self.directory / "times.txt").unlink()
        return {
            "wall_s": wall / self.seconds,
            "processor_s": processor / self.seconds,
            "rate_hz": spikes / self.neurons / self.seconds,
            "construct_s": total - wall,
            "compile_s": self.compile_s,
        }


class Bnsyn:
    """One network of examples/networks in bnsyn."""

    def __init__(self, name, command, seconds):
        self.command = [command, "run", ROOT / f"examples/networks/{name}.toml", "--backend", "accelerated", "--json"]
        self.command += ["--no-cache", "--duration", f"{seconds * 1000:g}ms"]
        self.seconds = seconds

    def run(self):
        report = json.loads(output_of(self.command, "bnsyn"))
        return {
            "wall_s": report["wall_s"] / self.seconds,
            "processor_s": report["processor_s"] / self.seconds,
            "rate_hz": report["spikes"] / report["neurons"] / self.seconds,
            "construct_s": report["construct_s"],
            "compile_s": report["compile_ms"]["total"] / 1000,
        }


def summarise(runs, measure):
    times = [run[measure] for run in runs]
    rates = [run["rate_hz"] for run in runs]
    return {
        "min_s": min(times),
        "median_s": statistics.median(times),
        "rates_hz": [min(rates), max(rates)],
        "construct_s": min(run["construct_s"] for run in runs),
        "compile_s": min(run["compile_s"] for run in runs),
        "runs": runs,
    }


def compare(name, arguments):
    """Runs both sides of a network, alternating; returns what was missed, as sentences."""
    expected, goal = NETWORKS[name]
    sides = {
        "brian2": Brian(name, arguments.out / name, arguments.seconds),
        "bnsyn": Bnsyn(name, arguments.bnsyn, arguments.seconds),
    }
    runs = {side: [] for side in sides}
    for _ in range(arguments.repeat):
        for side, network in sides.items():
            runs[side].append(network.run())
    shutil.rmtree(arguments.out / name)
    measure = "processor_s" if arguments.processor else "wall_s"
    result = {"network": name, "seconds": arguments.seconds, "measure": measure, "goal": goal}
    result |= {side: summarise(runs[side], measure) for side in sides}
    for ratio, of in (("ratio", "min_s"), ("ratio_of_medians", "median_s")):
        result[ratio] = result["brian2"][of] / result["bnsyn"][of]
    low, high = expected
    result["misses"] = [
        f"{side} is silent" if rate == 0 else f"{side} has {rate:.2f} Hz, not {low} to {high}"
        for side in sides
        for rate in sorted(set(result[side]["rates_hz"]))
        if not low <= rate <= high
    ]
    return result


def row(result):
    ours, theirs = result["bnsyn"], result["brian2"]
    return ROW.format(
        result["network"],
        *(f"{side['rates_hz'][0]:.2f}" for side in (ours, theirs)),
        *(f"{side[key]:.4f}" for side in (ours, theirs) for key in ("min_s", "median_s")),
        *(f"{result[key]:.2f}" for key in ("ratio", "ratio_of_medians")),
        result["goal"] or "-",
        *(f"{side['compile_s']:.2f}" for side in (ours, theirs)),
        *(f"{side['construct_s']:.2f}" for side in (ours, theirs)),
        "MISS" if result["misses"] else "" if result["ratio"] >= (result["goal"] or 1) else "below the goal",
    )


def main():
    parser = argparse.ArgumentParser(description="Times networks in bnsyn and in Brian2 side by side.")
    add = parser.add_argument
    left_out = ", ".join(name for name in NETWORKS if name not in QUICK)
    add("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; without: all but {left_out}")
    add("--bnsyn", default=ROOT / "build/release/bin/bnsyn", help="the command to run")
    add("--out", type=pathlib.Path, default=ROOT / "build/peers", help="where Brian2's programs are made")
    add("--repeat", type=int, default=5, metavar="N", help="runs of each side")
    add("--seconds", type=float, default=1, metavar="S", help="to simulate in each run")
    add("--processor", action="store_true", help="processor time instead of wall time, for machines with other work")
    add("--json", action="store_true", help="print one JSON array with every run, instead of the table")
    arguments = parser.parse_args()
    unknown = set(arguments.networks) - set(NETWORKS)
    if unknown:
        parser.error(f"no network is named {', '.join(sorted(unknown))}; there are {', '.join(NETWORKS)}")
    if arguments.repeat < 1 or arguments.seconds <= 0:
        parser.error("give at least one run of some time")

    if not arguments.json:
        what = "processor" if arguments.processor else "wall"
        print(f"{what} time, {arguments.repeat} runs of {arguments.seconds:g} s each, one thread, alternating")
        print(ROW.format(*HEADER).rstrip() + "\n" + ROW.format(*HEADER_2).rstrip(), flush=True)
    results = []
    for name in arguments.networks or QUICK:
        results.append(compare(name, arguments))
        if not arguments.json:
            print(row(results[-1]).rstrip(), flush=True)
    if arguments.json:
        print(json.dumps(results, indent=2))
    misses = [f"{result['network']}: {miss}" for result in results for miss in result["misses"]]
    for miss in misses:
        print(f"error: {miss}", file=sys.stderr)
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
