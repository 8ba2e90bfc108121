"""Simulations: compiled networks that run."""
from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from .errors import InvalidError
from .neurons import Neurons, Variable
from .plot import Plots
from .quantity import Quantity, describe

from .units import ms


class Synapses(NamedTuple):
    """The synapses of a projection, by source, then target: arrays of one length."""

    i: np.ndarray  # the number of the source in its population
    j: np.ndarray  # that of the target
    w: np.ndarray  # the present weight
    delay: np.ndarray  # ms, from the spike to its arrival


class State:
    """A variable of a simulation as it is at present: sim["cells.v"].

    state[...] reads values in the unit `unit`, and state[...] = ... sets them: a quantity, whose
    dimension is checked, or numbers in that unit.
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

    def __array__(self, dtype=None):
        values = self._session.state(self.name)
        return values if dtype is None else values.astype(dtype)

    def __getitem__(self, index):
        return self._session.state(self.name)[index]

    def __setitem__(self, index, value) -> None:
        numbers = _numbers_of(self.name, self.unit, value)
        if isinstance(index, slice) and index == slice(None) and np.ndim(numbers):
            self._session.set_state(self.name, numbers)
            return
        values = self._session.state(self.name)
        values[index] = numbers
        self._session.set_state(self.name, values)

    def __repr__(self) -> str:
        values = self._session.state(self.name)
        return f"<{self.name}: {np.array2string(values, threshold=10)} {self.unit}".rstrip() + ">"


class Files:
    """Files that are being recorded: see Simulation.recording."""

    def __init__(self, *arguments):
        from . import _core

        self._recorder = _core.FileRecorder(*arguments)
        self.names: list[str] = []

    def finish(self, complete: bool = True) -> list[str]:
        """Waits until all is written, and gives the files their names, which it returns."""
        if self._recorder is not None:
            self.names = self._recorder.finish(complete)
            self._recorder = None
        return self.names

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, kind, *_) -> None:
        self.finish(complete=kind is None)


class Simulation:
    """A compiled network and its state: what `Network.compile` returns.

    Numbers without a unit are in ms, mV, nS, pF and pA. One thread at a time may use a simulation;
    while it runs, others may run Python.
    """

    def __init__(self, session, network, core_network):
        self._session = session
        self._network = network
        self._core_network = core_network
        self._names = {name: size for name, size, _ in session.populations()}
        self._variables = [name for name, _, _ in session.variables()]

    @property
    def plot(self) -> Plots:
        """Pictures: sim.plot.raster(cells), sim.plot.rate(cells), sim.plot.weights("ei")."""
        return Plots(self)

    # Running.

    def run(self, duration: Quantity | None = None, *, steps: int | None = None, progress=False):
        """Runs for a time, or for a number of steps; returns the simulation.

        progress=True shows a bar on stderr; a function is called with (steps done, steps of this
        run, seconds) some times a second. Ctrl-C ends the run after a whole step with
        KeyboardInterrupt; the simulation then stands there, and may run on.
        """
        if steps is None:
            if duration is None:
                steps = self._core_network.duration_steps()
            else:
                _check_time(duration, "the duration of a run")
                steps = self._session.steps_in(duration.value)
        if progress is True:
            from .progress import Bar

            with Bar(self._session.dt) as bar:
                self._session.run(steps, bar)
        else:
            self._session.run(steps, progress or None)
        return self

    @property
    def step(self) -> int:
        """The number of the next step."""
        return self._session.step

    @property
    def time(self) -> Quantity:
        return Quantity(self._session.time_ms, ms.dimension)

    @property
    def dt(self) -> Quantity:
        return Quantity(self._session.dt, ms.dimension)

    # Spikes.

    def spikes(self, neurons: Neurons | str | None = None):
        """Times in ms and numbers of neurons, in order of time: t, i = sim.spikes(cells).

        Of a whole population these are views, without a copy: they stay as they are whatever the
        simulation does later. Of a part they are copies. `i` are numbers in the population.
        """
        _, times, indices = self._spikes(neurons)
        return times, indices

    def spike_steps(self, neurons: Neurons | str | None = None):
        """The same with the numbers of steps in the place of times."""
        steps, _, indices = self._spikes(neurons)
        return steps, indices

    def _spikes(self, neurons):
        population, part = self._population_of(neurons)
        steps, times, indices = self._session.spikes(population)
        if part is None:
            return steps, times, indices
        chosen = np.zeros(self._names[population], dtype=bool)
        chosen[self._session.numbers(part)] = True
        mask = chosen[indices]
        return steps[mask], times[mask], indices[mask]

    def spike_count(self, neurons: Neurons | str | None = None) -> int:
        population, part = self._population_of(neurons)
        if part is not None:
            return len(self._spikes(neurons)[0])
        return next(count for name, _, count in self._session.populations() if name == population)

    def rates(self) -> dict[str, float]:
        """The mean rate of each population since the beginning, in Hz."""
        seconds = self._session.time_ms / 1000
        return {
            name: count / size / seconds if seconds > 0 else 0.0
            for name, size, count in self._session.populations()
            if size > 0
        }

    def _population_of(self, neurons) -> tuple[str, str | None]:
        """The population of some neurons, and their text if they are a part of it."""
        if neurons is None:
            populations = [name for name, size in self._names.items() if size > 0]
            if len(populations) != 1:
                raise InvalidError(
                    f"whose spikes? there are the populations {', '.join(populations)}"
                )
            return populations[0], None
        text = str(neurons)
        if text in self._names:
            return text, None
        return self._session.population_of(text), text

    # Files.

    def recording(self, directory, *, format: str = "csv", spikes: bool = True,  # noqa: A002
               variables=(), every: Quantity | None = None) -> "Files":
        """Records the runs to come to files: "csv", "npy" or "sonata" (HDF5).

            with sim.recording("results", format="sonata", variables=[cells[:5].v], every=1*ms):
                sim.run(1*second)

        The tables [record.NAME] of the network are recorded too. The files get their names where
        the block ends; if an exception ends it, those that can say that they are not complete.
        """
        if every is not None:
            _check_time(every, "every=")
        return Files(
            self._session, self._core_network, os.fspath(directory), format, spikes,
            [str(variable) for variable in variables], None if every is None else every.value,
        )

    # State.

    def _full(self, name) -> str:
        """The name of a variable with its owner, which may be left out where one alone has it."""
        text = str(name)
        if isinstance(name, Variable) or "." in text or text in self._variables:
            return text
        base = text.split("[")[0]
        owners = [v for v in self._variables if v.rpartition(".")[2] == base]
        if len(owners) > 1:
            raise InvalidError(f"'{text}' could be {' or '.join(owners)}: which is meant?")
        return owners[0] + text[len(base):] if owners else text

    def __getitem__(self, name: Variable | str) -> State:
        """A variable as it is at present: sim["v"], sim["cells[0:5].v"], sim[cells[:5].v]."""
        return State(self._session, self._full(name))

    def __setitem__(self, name: Variable | str, value) -> None:
        """Sets a variable, or a parameter: sim["v"] = -60*mV; sim["cells.tau"] = 10*ms."""
        text = str(name)
        if any(text == parameter for parameter, *_ in self._session.parameters()):
            self.set_parameter(text, value)
        else:
            self[name][:] = value

    def state(self, name: Variable | str) -> np.ndarray:
        """The present values of a variable of neurons, synapses or the network."""
        return self._session.state(self._full(name))

    def variables(self) -> dict[str, str]:
        """The variables of neurons, synapses and the network, with their units."""
        return {name: unit for name, unit, _ in self._session.variables()}

    def parameters(self) -> dict[str, tuple[float, str]]:
        """The parameters with their present values and units."""
        return {name: (value, unit) for name, unit, value, _ in self._session.parameters()}

    def set_parameter(self, name: str, value) -> None:
        """Changes a parameter from the next step on."""
        if isinstance(value, Quantity):
            self._session.set_parameter(name, float(value.value), value.dimension)
        else:
            self._session.set_parameter(name, float(value), (0,) * 7)

    def synapses(self, projection: str) -> Synapses:
        """The synapses of a projection with their present weights."""
        i, j, w, delay = self._session.synapses(projection)
        return Synapses(i, j, w, delay * self._session.dt)

    def projections(self) -> list[str]:
        return [name for name, _, _ in self._session.projections()]

    # Input from outside.

    def inject(self, neurons: Neurons | str, indices) -> None:
        """Adds spikes at the present time of the neurons of a population with these numbers."""
        self._session.inject(str(neurons), np.atleast_1d(indices))

    def add_events(self, neurons: Neurons | str, stimulus: str, indices, numbers=()) -> None:
        """Adds events in the next step to a stimulus of type "host"."""
        self._session.add_events(
            str(neurons), stimulus, np.atleast_1d(indices), np.asarray(numbers, dtype=float)
        )

    def set_input(self, neurons: Neurons | str, stimulus: str, values) -> None:
        """Sets the current of a stimulus of type "host": one value, or one for each neuron."""
        numbers = values.value if isinstance(values, Quantity) else values
        size = self._names.get(str(neurons), 1)
        self._session.set_input(
            str(neurons), stimulus, np.broadcast_to(np.asarray(numbers, dtype=float), (size,))
        )

    # Checkpoints.

    def save(self, path=None):
        """All that the simulation holds, in memory: a Checkpoint. With a path, in a file too."""
        checkpoint = self._session.save()
        if path is not None:
            checkpoint.write(os.fspath(path))
        return checkpoint

    def restore(self, checkpoint) -> "Simulation":
        """Goes to the state of a checkpoint, or of the file of one; spikes since then are dropped.

        The checkpoint may be of another simulation of this network, with any backend and threads.
        """
        if not hasattr(checkpoint, "bytes"):
            from . import _core

            checkpoint = _core.Checkpoint.read(os.fspath(checkpoint))
        self._session.restore(checkpoint)
        return self

    # What the run was.

    @property
    def digest(self) -> str:
        """128 bits that are equal exactly when two runs are: those that `bnsyn run` prints."""
        return self._session.digest()

    def report(self) -> dict:
        """Sizes, and times in seconds: of compilation, of the run, and of each kernel."""
        return self._session.report()

    def __repr__(self) -> str:
        from .report import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .report import as_html

        return as_html(self)

    def dump(self, stage: str = "program") -> str:
        return self._network.dump(stage)

    def to_pandas(self, neurons: Neurons | str | None = None):
        """The spikes as a DataFrame with the columns time_ms, population and neuron."""
        from .export import spikes_to_pandas

        return spikes_to_pandas(self, neurons)

    def to_neo(self):
        """A neo.Block with a SpikeTrain for each neuron, and an AnalogSignal for each trace."""
        from .export import to_neo

        return to_neo(self, [t for t in self._network._traces if t._session is self._session])


def _check_time(value, what: str) -> None:
    if isinstance(value, Quantity) and value.dimension == ms.dimension:
        return
    found = describe(value.dimension) if isinstance(value, Quantity) else "a number without unit"
    raise InvalidError(f"{what} is a time, as in 1*second, not {found}")


def _numbers_of(name: str, unit: str, value):
    """The plain numbers of a value for a variable with that unit."""
    if not isinstance(value, Quantity):
        return value
    from . import _core

    dimension, _ = _core.parse_unit(unit or "1")
    if tuple(dimension) != tuple(value.dimension):
        raise InvalidError(
            f"{name} is {describe(dimension)}, but {value} is {describe(value.dimension)}"
        )
    return value.value
