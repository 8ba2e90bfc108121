"""Variables over time."""
from __future__ import annotations

import copy
from typing import Any

import numpy as np

from . import arguments
from .errors import InvalidError, InvalidType, RunError
from .neurons import Variable
from .quantity import Quantity
from .text import as_expression


class Trace:
    """Samples of a variable, of the simulation that was compiled last; `of(sim)` are another's.

    `times` are in ms, and `values` have a row for each time and a column for each neuron, in the
    unit `unit`. Both are views of the memory of the simulation; what they see stays as it is when
    the simulation runs on, goes back, or ends.
    """

    def __init__(self, variable: Variable | str, every=None, single: bool = False,
                 statistics: bool = False, bins=None):
        if not isinstance(variable, (Variable, str)):
            raise InvalidType(
                f"a variable is recorded, as cells.v or \"cells.v\", not {variable!r}"
            )
        self.variable = str(variable)
        self.every = every
        self.single = single
        self.statistics = statistics
        self.bins = bins
        self._milliseconds = None
        if every is not None:
            self._milliseconds = arguments.milliseconds(every, f"every= of '{variable}'")
        if bins is not None and not statistics:
            raise InvalidError("bins= are those of a histogram: statistics=True keeps one")
        if statistics and single:
            raise InvalidError("statistics are 64-bit floats: leave single=True out")
        self._session: Any = None
        self._number = 0

    def _begin(self, session) -> None:
        if self.statistics:
            self._number = session.record_statistics(
                self.variable, self._milliseconds, self._bins()
            )
        else:
            self._number = session.record(self.variable, self._milliseconds, self.single)
        self._session = session

    def _bins(self):
        if self.bins is None:
            return None
        low, high, number = self.bins
        text = [as_expression(v) if isinstance(v, Quantity) else str(v) for v in (low, high)]
        return text[0], text[1], arguments.whole(number, "the number of bins", 1)

    def _kept(self) -> "Trace":
        """This trace of the present simulation, whatever is compiled later."""
        return copy.copy(self)

    def of(self, simulation) -> "Trace":
        """What the trace is of one of several simulations of the network."""
        for trace in simulation.traces:
            if trace._number == self._number and trace.variable == self.variable:
                return trace
        raise InvalidError(f"'{self.variable}' is not recorded in that simulation")

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

    @property
    def columns(self) -> list[str]:
        """What each column is, of statistics: "mean", "deviation", ...; else empty."""
        self._data()
        return self._session.trace_shape(self._number)[2]

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
