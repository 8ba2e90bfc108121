"""A line on stderr that shows how far a run is."""
from __future__ import annotations

import sys


class Bar:
    """Called with (steps done, steps of the run, seconds). Where stderr is no terminal it writes
    the last line alone."""

    WIDTH = 30

    def __init__(self, dt_ms: float, out=None):
        self._dt = dt_ms
        self._out = out or sys.stderr
        self._line = ""

    def __call__(self, done: int, total: int, seconds: float) -> None:
        part = done / total if total else 1.0
        full = int(part * self.WIDTH)
        simulated = done * self._dt / 1000
        left = seconds * (1 - part) / part if part > 0 else 0.0
        speed = simulated / seconds if seconds > 0 else 0.0
        self._line = (
            f"[{'#' * full}{'.' * (self.WIDTH - full)}] {simulated:.3g} s of "
            f"{total * self._dt / 1000:.3g} s, {speed:.3g} x real time, {left:.0f} s left"
        )
        if self._out.isatty():
            self._out.write("\r" + self._line.ljust(78))
            self._out.flush()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_) -> None:
        if self._out.isatty():
            self._out.write("\n")
        elif self._line:
            self._out.write(self._line + "\n")
        self._out.flush()
