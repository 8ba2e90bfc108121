"""A variable of a simulation, which is read and set like an array."""
from __future__ import annotations

import numpy as np

from . import arguments
from .errors import InvalidError, InvalidType
from .quantity import Quantity, describe


class State(np.lib.mixins.NDArrayOperatorsMixin):
    """A variable of a simulation as it is at present: sim["cells.v"].

    state[...] reads values in the unit `unit`, and state[...] = ... sets them: a quantity, whose
    dimension is checked, or numbers in that unit. It computes like the array of these numbers.
    """

    def __init__(self, session, name: str):
        self._session = session
        self.name = name
        self.unit, self._size = session.describe(name)

    def __len__(self) -> int:
        return self._size

    @property
    def shape(self) -> tuple[int]:
        return (self._size,)

    def is_of(self, session, name: str) -> bool:
        """Whether this is the variable of that simulation."""
        return self._session is session and self.name == name

    def __array__(self, dtype=None):
        values = self._session.state(self.name)
        return values if dtype is None else values.astype(dtype)

    def __getitem__(self, index):
        return self._session.state(self.name)[index]

    def __setitem__(self, index, value) -> None:
        numbers = self.numbers_of(value)
        values = self._session.state(self.name)
        try:
            values[index] = numbers
        except ValueError:
            raise InvalidError(
                f"{self.name} has {np.shape(values[index])} values there, and cannot be set to "
                f"{np.shape(numbers)}: the shapes differ"
            ) from None
        self._session.set_state(self.name, values)

    def __iadd__(self, value) -> "State":
        self[:] = self[:] + self.numbers_of(value)
        return self

    def __isub__(self, value) -> "State":
        self[:] = self[:] - self.numbers_of(value)
        return self

    def __imul__(self, value) -> "State":
        self[:] = self[:] * value
        return self

    def __itruediv__(self, value) -> "State":
        self[:] = self[:] / value
        return self

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
        if out is not None:
            return NotImplemented
        inputs = [np.asarray(i) if isinstance(i, State) else i for i in inputs]
        return getattr(ufunc, method)(*inputs, **keywords)

    def numbers_of(self, value) -> np.ndarray:
        """The numbers of a value, in the unit of the variable."""
        unit, numbers = arguments.unit_and_values(value, self.name)
        if isinstance(value, State):
            unit = value.unit
        if unit or isinstance(value, (Quantity, State)):
            from . import _core

            own, given = (_core.parse_unit(u or "1")[0] for u in (self.unit, unit))
            if own != given:
                shown = value if np.ndim(numbers) == 0 else "the array"
                raise InvalidError(
                    f"{self.name} is {describe(own)}, but {shown} is {describe(given)}"
                )
        if isinstance(numbers, np.ma.MaskedArray):
            return arguments.array(numbers, self.name)  # which says why it may not be
        array = np.asarray(numbers)
        if array.dtype.kind not in "biuf":
            raise InvalidType(f"{self.name} is set to numbers, not to {value!r}")
        return array

    def __repr__(self) -> str:
        values = self._session.state(self.name)
        return f"<{self.name}: {np.array2string(values, threshold=10)} {self.unit}".rstrip() + ">"
