"""Runs a network of examples/networks in bnsyn, with given data in place of its own draws."""

import json
import pathlib
import subprocess
import tomllib

import numpy as np

from compare import Run
from data import Data, stop, write_numbers, write_whole_numbers
from networks import Network

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(network: Network, data: Data, directory: pathlib.Path, command: str, seconds: float, inject: str | None) -> Run:
    """Runs the network for a time, with a wrong equation if `inject` asks for one."""
    described = tomllib.loads((ROOT / "examples/networks" / f"{network.name}.toml").read_text())
    replace_draws(described, data, directory)
    network.adapt(described, data)
    described["network"] |= {"math": "strict", "schedule": "brian2"}
    text = to_toml(described)
    if inject == "wrong-equation":
        right, wrong = network.wrong_equation
        if text.count(right) == 0:
            stop(f"there is no '{right}' in {network.name} to make wrong")
        text = text.replace(right, wrong)
    (directory / "network.toml").write_text(text)

    arguments = [command, "run", directory / "network.toml", "--backend", "accelerated", "--no-hint"]
    arguments += ["--duration", f"{seconds * 1000:g}ms", "--out", directory / "bnsyn"]
    for population in data.sizes:
        arguments += ["--record", f"{population}.{network.membrane}"]
    arguments += ["--record-until", f"{network.trace_ms:g}ms"]
    if subprocess.run(arguments, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        stop(f"bnsyn failed on {directory}/network.toml")
    return read(network, data, directory / "bnsyn", seconds)


def replace_draws(described: dict, data: Data, directory: pathlib.Path) -> None:
    """Writes the data as CSV files, and names them in the network where it draws."""
    for population, (first, end) in data.ranges().items():
        columns = {variable: values[first:end] for variable, values in data.initial.items()}
        write_numbers(directory / f"initial_{population}.csv", columns)
        described["populations"][population]["initial"] = {
            variable: f"file('initial_{population}.csv', '{variable}')" for variable in columns
        }
    projections = {}
    for projection in described["projections"].values():
        source = projection["source"]
        pre, post = data.pairs[source]
        for target in projection["target"]:
            first, end = data.ranges()[target]
            chosen = (post >= first) & (post < end)
            columns = {"pre": pre[chosen] - data.ranges()[source][0], "post": post[chosen] - first}
            file = f"{source}_{target}.csv"
            one = dict(projection, target=target, rule={"type": "list", "file": file})
            if source in data.weights:
                write_numbers(directory / file, columns | {"weight": data.weights[source][chosen]})
                one["weight"] = 1
            else:
                write_whole_numbers(directory / file, columns)
            projections[f"{source}_{target}"] = one
    described["projections"] = projections
    if data.drive is not None:
        for population, (first, end) in data.ranges().items():
            drive = data.drive[:, first:end]
            steps, neurons = np.nonzero(drive)
            columns = {"step": steps, "index": neurons}
            if drive.dtype.kind == "b":
                write_whole_numbers(directory / f"drive_{population}.csv", columns)
            elif drive.dtype.kind == "u":
                write_whole_numbers(directory / f"drive_{population}.csv", columns | {"value": drive[steps, neurons]})
            else:
                write_numbers(directory / f"drive_{population}.csv", columns | {"value": drive[steps, neurons]})


def read(network: Network, data: Data, directory: pathlib.Path, seconds: float) -> Run:
    """Spikes and membrane traces of a finished run."""
    text = (directory / "spikes.csv").read_bytes()
    # Rows stand by population, in order of declaration.
    table = np.loadtxt(directory / "spikes.csv", delimiter=",", skiprows=1, usecols=(1, 2), dtype=np.int64, ndmin=2)
    firsts = [np.full(text.count(b"\n" + name.encode() + b","), first) for name, (first, _) in data.ranges().items()]
    neurons, steps = table[:, 0] + np.concatenate(firsts), table[:, 1]
    order = np.lexsort((neurons, steps))
    # The first row holds the initial values.
    traces = [
        np.loadtxt(directory / f"{population}.{network.membrane}.csv", delimiter=",", skiprows=1, ndmin=2)[1:, 1:]
        for population in data.sizes
    ]
    return Run(steps[order], neurons[order], np.hstack(traces), data.neurons, seconds)


def to_toml(described: dict) -> str:
    """A network as TOML: a table for each of its parts."""
    lines = []
    for section, content in described.items():
        tables = {section: content}
        if all(isinstance(value, dict) for value in content.values()):
            tables = {f"{section}.{name}": value for name, value in content.items()}
        for name, table in tables.items():
            lines += [f"[{name}]"] + [f"{key} = {value_to_toml(value)}" for key, value in table.items()] + [""]
    return "\n".join(lines)


def value_to_toml(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {value_to_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(value_to_toml, value)) + "]"
    # A string, number or truth value of JSON is one of TOML.
    return json.dumps(value)
