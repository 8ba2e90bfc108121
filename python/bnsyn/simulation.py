"""Simulations: compiled networks that run."""
from __future__ import annotations

import os
import weakref
from typing import NamedTuple

import numpy as np

from . import arguments
from .errors import InvalidError, InvalidType, NotFound
from .neurons import Neurons, Variable
from .plot import Plots
from .quantity import Quantity, value_and_dimension
from .state import State
from .trace import Trace
from .units import ms
from .watch import Watch


class Synapses(NamedTuple):
    """The synapses of a projection, by source, then target: arrays of one length."""

    i: np.ndarray  # the number of the source in its population
    j: np.ndarray  # that of the target
    w: np.ndarray  # the present weight
    delay: np.ndarray  # ms, from the spike to its arrival


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

    def __init__(self, session, network, core_network, traces):
        self._session = session
        self._network = network
        self._core_network = core_network
        self._names = {name: size for name, size, _ in session.populations()}
        self._variables = [name for name, _, _ in session.variables()]
        self.traces: list[Trace] = traces
        self._watches: list[Watch] = []

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
        if steps is not None:
            if duration is not None:
                raise InvalidType("run takes a duration or steps=, not both")
            steps = arguments.whole(steps, "steps=", 0)
        elif duration is None:
            steps = self._core_network.duration_steps()
        else:
            milliseconds = arguments.milliseconds(duration, "the duration of a run")
            steps = self._session.steps_in(milliseconds)
        if progress and progress is not True and not callable(progress):
            raise InvalidType(f"progress= is True, or a function to call, not {progress!r}")
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

    # While it runs.

    def record(self, variable: Variable | str, every: Quantity | None = None, *,
               single: bool = False, statistics: bool = False, bins=None) -> Trace:
        """What Network.record does, from now on and in this simulation alone."""
        trace = Trace(self._full(variable), every, single, statistics, bins)
        trace._begin(self._session)
        self.traces.append(trace)
        return trace

    def watch(self, what: Neurons | Variable | str, function, *,
              every: Quantity | None = None) -> Watch:
        """Calls a function in the runs to come, every few milliseconds and at their end.

        Of neurons with the times and numbers of their spikes since the last call; of a variable
        with times, and a row of values for each. An exception ends the run after a whole step, and
        comes out of it.
        """
        if not callable(function):
            raise InvalidType(f"watch calls a function, not {function!r}")
        watch = Watch(str(what), function)
        interval = None if every is None else arguments.milliseconds(every, "every=")
        if isinstance(what, Neurons) or isinstance(what, str) and what in self._names:
            if interval is not None:
                raise InvalidError("every= is for variables: all spikes are given")
            self._session.watch_spikes(str(what), weakref.ref(watch))
        else:
            self._session.watch_variable(self._full(what), interval, weakref.ref(watch))
        self._watches.append(watch)
        return watch

    # Files.

    def recording(self, directory, *, format: str = "csv", spikes: bool = True,  # noqa: A002
               variables=(), every: Quantity | None = None) -> "Files":
        """Records the runs to come to files: "csv", "npy" or "sonata" (HDF5).

            with sim.recording("results", format="sonata", variables=[cells[:5].v], every=1*ms):
                sim.run(1*second)

        The tables [record.NAME] of the network are recorded too. The files get their names where
        the block ends; if an exception ends it, those that can say that they are not complete.
        """
        interval = None if every is None else arguments.milliseconds(every, "every=")
        return Files(
            self._session, self._core_network, os.fspath(directory), format, spikes,
            [str(variable) for variable in variables], interval,
        )

    # State.

    def _full(self, name) -> str:
        """The name of a variable with its owner, which may be left out where one alone has it."""
        if not isinstance(name, (Variable, str)):
            raise InvalidType(
                f"a variable is named, as in sim[\"v\"] or sim[cells.v], not {name!r}"
            )
        text = str(name)
        if isinstance(name, Variable) or "." in text or text in self._variables:
            return text
        base = text.split("[")[0]
        owners = [v for v in self._variables if v.rpartition(".")[2] == base]
        if len(owners) > 1:
            raise InvalidError(f"'{text}' could be {' or '.join(owners)}: which is meant?")
        if not owners:
            import difflib

            names = {v.rpartition(".")[2] for v in self._variables}
            close = difflib.get_close_matches(base, names, 1)
            guess = f" (did you mean '{close[0]}'?)" if close else ""
            raise NotFound(
                f"no variable is named '{text}'{guess}: there are {', '.join(self._variables)}"
            )
        return owners[0] + text[len(base):]

    def __getitem__(self, name: Variable | str) -> State:
        """A variable as it is at present: sim["v"], sim["cells[0:5].v"], sim[cells[:5].v]."""
        return State(self._session, self._full(name))

    def __setitem__(self, name: Variable | str, value) -> None:
        """Sets a variable, or a parameter: sim["v"] = -60*mV; sim["cells.tau"] = 10*ms."""
        text = str(name)
        if any(text == parameter for parameter, *_ in self._session.parameters()):
            self.set_parameter(text, value)
        elif not (isinstance(value, State) and value.is_of(self._session, self._full(name))):
            self[name][:] = value  # else `sim["v"] += 1` has set it already

    def __contains__(self, name) -> bool:
        return str(name) in self._variables

    def __iter__(self):
        return iter(self._variables)

    def _ipython_key_completions_(self) -> list[str]:
        return self._variables

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
        number, dimension = value_and_dimension(value)
        if np.ndim(number) or isinstance(number, str):
            raise InvalidType(f"the parameter '{name}' is one number, not {value!r}")
        self._session.set_parameter(name, float(number), dimension)

    def synapses(self, projection: str) -> Synapses:
        """The synapses of a projection with their present weights."""
        i, j, w, delay = self._session.synapses(projection)
        return Synapses(i, j, w, delay * self._session.dt)

    def projections(self) -> list[str]:
        return [name for name, _, _ in self._session.projections()]

    # Input from outside.

    def inject(self, neurons: Neurons | str, indices) -> None:
        """Adds spikes at the present time of the neurons of a population with these numbers."""
        self._session.inject(str(neurons), self._indices(neurons, indices))

    def _population(self, neurons) -> str:
        if str(neurons) not in self._names:
            raise NotFound(
                f"'{neurons}' is no whole population, which takes input from outside: there are "
                f"{', '.join(self._names)}"
            )
        return str(neurons)

    def _indices(self, neurons, indices) -> np.ndarray:
        size = self._names[self._population(neurons)]
        return arguments.indices(indices, "indices", size or None, str(neurons))

    def add_events(self, neurons: Neurons | str, stimulus: str, indices, numbers=()) -> None:
        """Adds events in the next step to a stimulus of type "host"."""
        self._session.add_events(
            str(neurons), stimulus, self._indices(neurons, indices),
            arguments.array(numbers, "numbers"),
        )

    def set_input(self, neurons: Neurons | str, stimulus: str, values) -> None:
        """Sets the current of a stimulus of type "host": one value, or one for each neuron."""
        self._population(neurons)
        state = State(self._session, f"{neurons}.{stimulus}")
        numbers = arguments.array(state.numbers_of(values), "values")
        size = self._names[str(neurons)]
        if len(numbers) not in (1, size):
            raise InvalidError(f"{neurons} takes one value, or {size}, not {len(numbers)}")
        self._session.set_input(str(neurons), stimulus, np.broadcast_to(numbers, (size,)))

    # Checkpoints.

    def save(self, path=None):
        """All that the simulation holds, in memory: a Checkpoint. With a path, in a file too."""
        checkpoint = self._session.save()
        if path is not None:
            checkpoint.write(os.fspath(path))
        return checkpoint

    def restore(self, checkpoint) -> "Simulation":
        """Goes to the state of a checkpoint, its file or its bytes; spikes since then are dropped.

        The checkpoint may be of another simulation of this network, with any backend and threads.
        """
        from . import _core

        if isinstance(checkpoint, bytes):
            checkpoint = _core.Checkpoint.from_bytes(checkpoint)
        elif not isinstance(checkpoint, _core.Checkpoint):
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
        """Network.dump of its network, as it is now."""
        return self._network.dump(stage)

    def explain(self) -> str:
        """Network.explain of its network, as it is now."""
        return self._network.explain()

    def to_pandas(self, neurons: Neurons | str | None = None):
        """The spikes as a DataFrame with the columns time_ms, population and neuron."""
        from .export import spikes_to_pandas

        return spikes_to_pandas(self, neurons)

    def to_neo(self):
        """A neo.Block with a SpikeTrain for each neuron, and an AnalogSignal for each trace."""
        from .export import to_neo

        return to_neo(self, self.traces)

    def __reduce__(self):
        raise InvalidType(
            "a simulation is not copied or pickled: sim.save() is all of its state, which can be, "
            "and which another simulation of the network restores"
        )
