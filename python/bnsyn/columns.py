"""Arrays in the place of a file that a network names."""
from __future__ import annotations

import numpy as np

from . import arguments
from .errors import InvalidError


class Columns:
    """The columns of a table: what a file of that name would hold."""

    def __init__(self, name: str):
        self.name = name
        self.names: list[str] = []
        self._called: list[str] = []
        self.values: list[np.ndarray] = []

    def add(self, name: str, values, what: str) -> "Columns":
        """Adds a column, which errors call `what`."""
        self.names.append(name)
        self._called.append(what)
        self.values.append(arguments.array(values, what))
        return self

    def check_lengths(self, owner: str) -> None:
        lengths = [len(values) for values in self.values]
        if len(set(lengths)) > 1:
            told = ", ".join(f"{what} has {n}" for what, n in zip(self._called, lengths))
            raise InvalidError(f"the arrays of '{owner}' differ in length: {told}")

    def save(self, path: str) -> None:
        """Writes the columns as an archive of NumPy, which network files name like a CSV file."""
        np.savez(path, **dict(zip(self.names, self.values)))
