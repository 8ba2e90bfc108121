"""Arrays in the place of a file that a network names."""
from __future__ import annotations

import numpy as np

from .errors import InvalidError
from .quantity import Quantity, describe


class Columns:
    """The columns of a table: what a file of that name would hold."""

    def __init__(self, name: str):
        self.name = name
        self.names: list[str] = []
        self.values: list[np.ndarray] = []

    def add(self, name: str, values, of: Quantity | None = None) -> "Columns":
        """Adds a column. `of` is a quantity whose dimension the values must have."""
        if isinstance(values, (list, tuple)) and values and isinstance(values[0], Quantity):
            values = Quantity([v.value for v in values], values[0].dimension)
        if of is not None:
            dimension = values.dimension if isinstance(values, Quantity) else None
            if dimension != of.dimension:
                found = "a number without unit" if dimension is None else describe(dimension)
                raise InvalidError(
                    f"{self.name}: the column '{name}' is {describe(of.dimension)}, not {found}"
                )
        numbers = values.value if isinstance(values, Quantity) else values
        array = np.ascontiguousarray(numbers, dtype=float)
        if array.ndim != 1:
            raise InvalidError(
                f"{self.name}: the column '{name}' has {array.ndim} dimensions, but needs one"
            )
        self.names.append(name)
        self.values.append(array)
        return self

    def save(self, path: str) -> None:
        """Writes the columns as an archive of NumPy, which network files name like a CSV file."""
        np.savez(path, **dict(zip(self.names, self.values)))
