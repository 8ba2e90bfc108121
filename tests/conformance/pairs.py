"""Runs pairs of networks, one of Brian2 and one of bnsyn, and compares every spike: pairs.py [PAIR ...].

A pair is NAME.py and NAME.toml in the folder pairs. The script is what a user of Brian2 would write, up to `run`; the
network has populations of the same names, and `schedule = "brian2"`. Every spike must be the same: its neuron and its
step. The course of every variable that equations move must be the same to 2^-24 of its largest value, which is the
promise of R6 for what arrives; a script that sets `tolerance` asks that every value be the same to that part of itself,
and one that sets `record_every` compares so often. Both sides have only inputs that are written out, so that nothing is
drawn.

Prints a table; exit code 1 if a pair differs or does not spike, 2 if something could not be run.
"""

import argparse
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
PAIRS = HERE / "pairs"
ROW = "{:<26} {:>8} {:>8} {:>8}  {}"
LEAST_SPIKES = 20  # of a pair: with fewer there is little to compare
TOLERANCE = 2**-24  # of a course, in its largest value


# How many of bnsyn's units are one of Brian2's.
SCALES = {"V": 1e3, "s": 1e3, "S": 1e9, "F": 1e12, "A": 1e12}


def milliseconds(described: dict, key: str) -> float:
    return float(described["network"][key].removesuffix(" ms"))


def variables_of(group) -> list[str]:
    """What is compared over time: variables that equations move, and those of synapses that their code changes."""
    equations = getattr(group, "equations", None)
    if equations is None:
        return []
    names = set(equations.diff_eq_names)
    if hasattr(group, "_pathways"):
        names |= equations.parameter_names
    events = {name for name in names if name in equations and "event-driven" in equations[name].flags}
    return sorted(name for name in names - events if not equations.get(name) or "constant" not in equations[name].flags)


def run_in_brian(name: str, out: pathlib.Path) -> None:
    """Runs the script of a pair, and leaves its spikes and the course of its variables in `out`."""
    import brian2  # slow to import

    brian2.prefs.codegen.target = "numpy"
    described = tomllib.loads((PAIRS / f"{name}.toml").read_text())
    dt, duration = milliseconds(described, "dt"), milliseconds(described, "duration")
    brian2.defaultclock.dt = dt * brian2.ms
    names = {}
    exec(compile((PAIRS / f"{name}.py").read_text(), f"{name}.py", "exec"), names)
    groups = {population: names[population] for population in described["populations"]}
    synapses = {projection: names[projection] for projection in described.get("projections", {})}
    parts = [part for part in names.values() if isinstance(part, brian2.BrianObject)]
    spikes = {population: brian2.SpikeMonitor(group) for population, group in groups.items() if "spike" in group.events}
    every = {"dt": names["record_every"]} if "record_every" in names else {}
    courses = {}
    for owner, group in (groups | synapses).items():
        for variable in variables_of(group):
            courses[f"{owner}.{variable}"] = brian2.StateMonitor(group, variable, record=True, **every)
    brian2.Network(parts, list(spikes.values()), list(courses.values())).run(duration * brian2.ms, namespace=names)
    found = {"tolerance": names.get("tolerance", 0), "every_ms": names.get("record_every", 0) / brian2.ms}
    for population, monitor in spikes.items():
        steps, neurons = np.rint(np.asarray(monitor.t) * 1000 / dt).astype(np.int64), np.asarray(monitor.i)
        order = np.lexsort((neurons, steps))
        found[f"spikes {population}"] = np.stack([steps[order], neurons[order]])
    for variable, monitor in courses.items():
        values = getattr(monitor, variable.split(".")[1])
        unit = str(brian2.get_unit(values.dim)) if hasattr(values, "dim") else "1"
        found[f"course {variable}"] = np.asarray(values).T * SCALES.get(unit, 1.0)
    np.savez(out, **found)


def read_spikes(directory: pathlib.Path, population: str) -> np.ndarray:
    """The steps and neurons of the spikes of a population, in order."""
    rows = [line.split(",") for line in (directory / "spikes.csv").read_text().splitlines()[1:]]
    steps = np.array([int(row[2]) for row in rows if row[0] == population], dtype=np.int64)
    neurons = np.array([int(row[1]) for row in rows if row[0] == population], dtype=np.int64)
    order = np.lexsort((neurons, steps))
    return np.stack([steps[order], neurons[order]])


def run_in_bnsyn(
    name: str, arguments: argparse.Namespace, out: pathlib.Path, variables: list[str], every_ms: float
) -> None:
    network = PAIRS / f"{name}.toml"
    if arguments.replace:
        text, (old, new) = network.read_text(), arguments.replace
        if old not in text:
            raise RuntimeError(f"there is no '{old}' in {name}.toml to replace")
        network = out.parent / "network.toml"
        network.write_text(text.replace(old, new))
        for table in PAIRS.glob("*.csv"):
            shutil.copy(table, out.parent)
    command = [arguments.bnsyn, "run", network, "--backend", "accelerated", "--no-hint", "--out", out]
    for variable in variables:
        command += ["--record", variable]
    if every_ms > 0:
        command += ["--record-every", f"{every_ms:g}ms"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"bnsyn failed:\n{done.stderr}")


def compare_spikes(theirs: np.ndarray, ours: np.ndarray) -> str | None:
    """Says where spikes part, or None."""
    shorter = min(theirs.shape[1], ours.shape[1])
    different = np.flatnonzero((theirs[:, :shorter] != ours[:, :shorter]).any(axis=0))
    if len(different) == 0 and theirs.shape == ours.shape:
        return None
    at = int(different[0]) if len(different) > 0 else shorter

    def say(spikes):
        return f"neuron {spikes[1, at]} in step {spikes[0, at]}" if at < spikes.shape[1] else "none"

    return f"spike {at} is of {say(theirs)} in Brian2, {say(ours)} here"


def compare_pair(name: str, arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """Runs both sides: a row of the table, and what differs."""
    with tempfile.TemporaryDirectory(prefix="bnsyn_pair_") as scratch:
        out = pathlib.Path(scratch)
        theirs_file = out / "brian.npz"
        done = subprocess.run([sys.executable, __file__, "--brian-side", name, theirs_file], capture_output=True,
                              text=True, check=False)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"Brian2 failed:\n{done.stderr}")
        theirs = np.load(theirs_file)
        variables = [key.removeprefix("course ") for key in theirs if key.startswith("course ")]
        run_in_bnsyn(name, arguments, out / "bnsyn", variables, float(theirs["every_ms"]))
        own, misses, spikes, largest = float(theirs["tolerance"]), [], 0, 0.0
        tolerance = own or TOLERANCE
        for key in theirs:
            if " " not in key:
                continue
            kind, what = key.split(" ")
            if kind == "spikes":
                spikes += theirs[key].shape[1]
                difference = compare_spikes(theirs[key], read_spikes(out / "bnsyn", what))
                misses += [f"{what}: {difference}"] if difference else []
                continue
            # The last row here is after the last step; Brian2 records before each.
            ours = np.loadtxt(out / "bnsyn" / f"{what}.csv", delimiter=",", skiprows=1, ndmin=2)[:, 1:]
            ours = ours[: len(theirs[key])]
            scale = np.abs(theirs[key]) if own else float(np.max(np.abs(theirs[key]), initial=0))
            scale = np.maximum(scale, 1e-300)
            apart = np.abs(ours - theirs[key]) / scale
            largest = max(largest, float(np.max(apart, initial=0)))
            if np.max(apart, initial=0) > tolerance:
                sample, element = np.argwhere(apart > tolerance)[0]
                misses.append(f"{what} of {element} in sample {sample} is {theirs[key][sample, element]:.15g} in "
                              f"Brian2, {ours[sample, element]:.15g} here")  # fmt: skip
        if spikes < LEAST_SPIKES:
            misses.append(f"only {spikes} spikes")
        row = ROW.format(name, spikes, len(variables), f"{largest:.1e}", "ok" if not misses else "MISS")
        return row, misses


def main() -> None:
    if sys.argv[1:2] == ["--brian-side"]:
        run_in_brian(sys.argv[2], pathlib.Path(sys.argv[3]))
        return
    names = sorted(file.stem for file in PAIRS.glob("*.py"))
    parser = argparse.ArgumentParser(description="Compares every spike of small networks in bnsyn and in Brian2.")
    parser.add_argument("pairs", nargs="*", metavar="PAIR", help="a name in the folder pairs; all without one")
    parser.add_argument("--bnsyn", default=HERE.parents[1] / "build/release/bin/bnsyn", help="the command to run")
    parser.add_argument("--replace", nargs=2, metavar=("OLD", "NEW"), help="edits our side, as must be noticed")
    parser.add_argument("--jobs", type=int, default=2, help="pairs at a time")
    arguments = parser.parse_args()
    unknown = set(arguments.pairs) - set(names)
    if unknown:
        parser.error(f"no pair is named {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    print(ROW.format("pair", "spikes", "courses", "apart", ""), flush=True)
    chosen = arguments.pairs or names
    failed = broken = 0

    def compare(name):
        try:
            return compare_pair(name, arguments)
        except RuntimeError as error:
            return name, error

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for row, misses in pool.map(compare, chosen):
            if isinstance(misses, RuntimeError):
                print(f"{row}: {misses}", flush=True)
                broken += 1
                continue
            print(row, *(f"  {miss}" for miss in misses), sep="\n", flush=True)
            failed += bool(misses)
    print(f"{len(chosen) - failed - broken} of {len(chosen)} pairs agree in every spike")
    sys.exit(2 if broken else 1 if failed else 0)


if __name__ == "__main__":
    main()
