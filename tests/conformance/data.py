"""The data of both simulators: connections, initial values and inputs, drawn once, in files."""

import dataclasses
import json
import pathlib
import sys
from typing import NoReturn

import numpy as np


def stop(message: str) -> NoReturn:
    """Ends the program if nothing could be compared, with another exit code than that of a miss."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


@dataclasses.dataclass
class Data:
    """Everything that is drawn for one network.

    Neurons are numbered through all populations. Values are in mV, nS, ms or without unit, as in bnsyn's files.
    """

    sizes: dict[str, int]  # neurons of each population, in order
    initial: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)  # a value per neuron, by variable
    pairs: dict[str, tuple[np.ndarray, np.ndarray]] = dataclasses.field(default_factory=dict)  # pre and post, by source
    weights: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)  # by source, where they differ
    # What drives each neuron in each step of the window, [step, neuron]; None for a network without inputs.
    drive: np.ndarray | None = None

    @property
    def neurons(self) -> int:
        return sum(self.sizes.values())

    def ranges(self) -> dict[str, tuple[int, int]]:
        """First neuron and end of each population."""
        ends = np.cumsum(list(self.sizes.values()))
        return {name: (int(end) - size, int(end)) for (name, size), end in zip(self.sizes.items(), ends)}

    def connect(self, rng: np.random.Generator, source: str, p: float, self_connections: bool) -> None:
        """Joins each neuron of `source` to each neuron with probability p."""
        first, end = self.ranges()[source]
        pre, post = [], []
        for neuron in range(first, end):
            targets = np.flatnonzero(rng.random(self.neurons) < p)
            if not self_connections:
                targets = targets[targets != neuron]
            pre.append(np.full(len(targets), neuron, np.int32))
            post.append(targets.astype(np.int32))
        self.pairs[source] = (np.concatenate(pre), np.concatenate(post))

    def save(self, directory: pathlib.Path) -> None:
        arrays = {f"initial.{name}": values for name, values in self.initial.items()}
        for source, (pre, post) in self.pairs.items():
            arrays |= {f"pre.{source}": pre, f"post.{source}": post}
        arrays |= {f"weight.{source}": values for source, values in self.weights.items()}
        if self.drive is not None:
            arrays["drive"] = self.drive
        np.savez(directory / "data.npz", sizes=json.dumps(self.sizes), **arrays)

    @staticmethod
    def load(directory: pathlib.Path) -> "Data":
        with np.load(directory / "data.npz") as file:
            arrays = dict(file)

        def starting(prefix):
            return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}

        pre, post = starting("pre."), starting("post.")
        return Data(
            sizes=json.loads(str(arrays["sizes"])),
            initial=starting("initial."),
            pairs={source: (pre[source], post[source]) for source in pre},
            weights=starting("weight."),
            drive=arrays.get("drive"),
        )


def write_whole_numbers(path: pathlib.Path, columns: dict[str, np.ndarray]) -> None:
    """A CSV file of whole numbers, padded with zeros: tens of millions of rows in seconds."""
    widths = [len(str(int(values.max(initial=0)))) for values in columns.values()]
    rows = np.empty((len(next(iter(columns.values()))), sum(widths) + len(widths)), np.uint8)
    end = 0
    for values, width in zip(columns.values(), widths):
        rest = values.astype(np.uint32)
        for digit in range(width - 1, -1, -1):
            rows[:, end + digit] = rest % 10 + ord("0")
            rest //= 10
        rows[:, end + width] = ord(",")
        end += width + 1
    rows[:, -1] = ord("\n")
    with open(path, "wb") as file:
        file.write((",".join(columns) + "\n").encode())
        rows.tofile(file)


def write_numbers(path: pathlib.Path, columns: dict[str, np.ndarray]) -> None:
    """A CSV file of numbers, each the shortest that reads back as it was."""
    with open(path, "w", encoding="ascii") as file:
        file.write(",".join(columns) + "\n")
        for row in zip(*(values.tolist() for values in columns.values())):
            file.write(",".join(map(repr, row)) + "\n")
