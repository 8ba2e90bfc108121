"""Variables over time."""
from __future__ import annotations

import numpy as np

from .errors import InvalidError, RunError
from .quantity import Quantity, describe
from .units import ms


class Trace:
    """Samples of a variable, of the simulation that was compiled last.

    `times` are in ms, and `values` have a row for each time and a column for each neuron, in the
    unit `unit`. Both are views of the memory of the simulation; what they see stays as it is when
    the simulation runs on, goes back, or ends.
    """

    def __init__(self, variable: str, every=None, single: bool = False):
        if every is not None:
            dimension = every.dimension if isinstance(every, Quantity) else (0,) * 7
            if dimension != ms.dimension:
                raise InvalidError(
                    f"every= of '{variable}' is a time, as in every=0.5*ms, not "
                    f"{describe(dimension)}"
                )
        self.variable = variable
        self.every = every
        self.single = single
        self._session = None
        self._number = 0

    def _begin(self, session) -> None:
        every = None if self.every is None else float(self.every.value)
        self._number = session.record(self.variable, every, self.single)
        self._session = session

    def _data(self):
        if self._session is None:
            raise RunError(f"'{self.variable}' is recorded once the network is compiled and runs")
        return self._session.trace(self._number)

    @property
    def times(self) -> np.ndarray:
        return self._data()[0]

    @property
    def values(self) -> np.ndarray:
        return self._data()[1]

    @property
    def unit(self) -> str:
        """The unit of the values: "mV"; empty for plain numbers."""
        self._data()
        return self._session.trace_shape(self._number)[0]

    @property
    def indices(self) -> np.ndarray:
        """The number of each column: of the neuron in its population, or of the synapse."""
        self._data()
        return self._session.trace_shape(self._number)[1]

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        many = "not compiled" if self._session is None else f"{len(self)} samples"
        return f"<Trace of {self.variable}, {many}>"

    def plot(self, ax=None, **keywords):
        """Draws the values over time into matplotlib axes, which it returns."""
        from .plot import draw_trace

        return draw_trace(self, ax, **keywords)

    def to_pandas(self):
        """A DataFrame with a row for each time and a column for each neuron."""
        from .export import trace_to_pandas

        return trace_to_pandas(self)
