"""Functions that are called with spikes or values while a simulation runs."""
from __future__ import annotations


class Watch:
    """What Simulation.watch returns: `stop()` ends the calls."""

    def __init__(self, what: str, function):
        self.what = what
        self._function = function

    def _take(self, times, values) -> None:
        if self._function is not None:
            self._function(times, values)

    def stop(self) -> None:
        self._function = None

    def __repr__(self) -> str:
        return f"<Watch of {self.what}{'' if self._function else ', stopped'}>"
