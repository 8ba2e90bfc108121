"""Networks: built call by call, or read from a network file.

A Network is a network file that is being written: each call adds a table of it, `text()` is the
file, and docs/networks.md describes what its keys mean. `compile` checks all of it.
"""
from __future__ import annotations

import os

import numpy as np

from .columns import Columns
from .errors import Error, InvalidError
from .model import Model, Synapse
from .neurons import Neurons, Population, Variable
from .quantity import Quantity
from .text import Writer, as_expression, dedent
from .trace import Trace
from .units import ms

# The tables of a network file, in the order in which they are written.
_SECTIONS = (
    "network", "constants", "models", "synapses", "populations", "groups", "tables", "stimuli",
    "projections", "uniform", "record",
)
# Those that hold tables by name.
_NAMED = (
    "models", "synapses", "populations", "groups", "tables", "stimuli", "projections", "record",
)
# Keys of a rule, which `connect` takes beside those of the projection.
_RULE_KEYS = ("p", "n", "self", "multiple", "condition", "file")


class Network:
    """A network of populations, connections and stimuli.

        net = bn.Network(dt=0.1*ms, seed=42)
        cells = net.population("cells", 4000, model, v="normal(-65*mV, 5*mV)")
        net.connect(cells[:3200], cells, on_pre="ge += w", p=0.02, w=6*nS)
        sim = net.compile(threads=2)
    """

    def __init__(self, dt=0.1 * ms, seed: int = 0, name: str = "network", **keys):
        self._tables: dict[str, dict] = {section: {} for section in _SECTIONS}
        self._tables["network"] = {"name": name, "dt": dt, "seed": seed, **keys}
        self._columns: dict[str, Columns] = {}
        self._sets: list[tuple[str, str]] = []
        self._traces: list[Trace] = []
        self._library: dict[str, set[str]] = {}
        # The text of a file, as long as nothing was added to it.
        self._given: tuple[str, str] | None = None
        self._directory = "."

    # What a network is made of.

    def population(self, name: str, size, model, *, parameters=None, initial=None, **values):
        """Adds neurons of a model, which is a Model, or the name of one of the library ("adex").

        Further keywords are parameters, where the model has one of that name, and else values that
        variables begin with: numbers with units, expressions, or an array with one for each neuron.
        linked=, clocks=, method=, substeps=, order= and spike_time= are those of network files.
        """
        keys: dict = {"model": self._model_name(name, model), "size": size}
        for key in ("linked", "clocks", "method", "substeps", "order", "spike_time"):
            if key in values:
                keys[key] = values.pop(key)
        of_model = self._parameters_of(model)
        parameters = dict(parameters or {})
        initial = dict(initial or {})
        for key, value in values.items():
            (parameters if key in of_model else initial)[key] = value
        keys["parameters"] = parameters
        keys["initial"] = {k: self._column_value(f"{name}.{k}", v) for k, v in initial.items()}
        self._add("populations", name, keys)
        return Population(name, _whole(size))

    def group(self, name: str, neurons: Neurons | str, **initial):
        """Gives some neurons a name, and values to begin with in the place of the population's."""
        keys = {"neurons": str(neurons)}
        if initial:
            keys["initial"] = {k: self._column_value(f"{name}.{k}", v) for k, v in initial.items()}
        self._add("groups", name, keys)
        return Population(name, neurons._size if isinstance(neurons, Neurons) else None)

    def connect(self, source, target, on_pre: str | None = None, /, *, name: str | None = None,
                rule=None, i=None, j=None, w=None, weight=None, delay=None, model=None, **keys):
        """Connects neurons; returns the name of the projection.

        Which pairs: p= joins each with a probability, or rule= names another rule, as
        rule="fixed_in_degree", n=100; i= and j= are arrays with the source and the target of each
        synapse, and then w= and delay= may be arrays too. Without any, all pairs are joined. What
        synapses do: on_pre=, on_post=, equations=, or model= a Synapse or the name of one of the
        library, with into=. Further keywords are those of [projections.NAME] in network files.
        """
        if on_pre is None:
            on_pre = keys.pop("on_pre", None)
        own = f"{_identifier(source)}_{_identifier(target)}"
        name = name or self._free_name("projections", own)
        weight = w if weight is None else weight
        table: dict = {"source": _neurons(source), "target": _neurons(target)}
        if i is not None or j is not None:
            table["rule"], weight, delay = self._listed(name, i, j, weight, delay)
        else:
            table["rule"] = _rule(rule, {k: keys.pop(k) for k in _RULE_KEYS if k in keys})
        if model is not None:
            table["model"] = self._synapse_name(name, model)
        table.update(weight=weight, delay=delay, on_pre=on_pre, **keys)
        for key in ("on_pre", "on_post", "equations"):
            if isinstance(table.get(key), str):
                table[key] = dedent(table[key])
        self._add("projections", name, table)
        return name

    def stimulus(self, name: str, target, type: str, **keys):  # noqa: A002
        """Adds a stimulus of a type: "poisson", "current", "spikes", "ornstein_uhlenbeck", "host".

        Keywords are those of [stimuli.NAME] in network files: rate=, n=, weight=, on_event=,
        variable=, value=, ....
        """
        self._add("stimuli", name, {"type": type, "target": _neurons(target), **keys})
        return name

    def events(self, name: str, target, *, times, index, on_event: str, weight=1, number=None,
               **keys):
        """Adds events at times of an array, each at the neuron of that index among the target.

        number= is an array with how many events there are at once.
        """
        columns = Columns(f"{name}.events.npz").add("time", times, of=1 * ms).add("index", index)
        if number is not None:
            columns.add("value", number)
        self._columns[columns.name] = columns
        return self.stimulus(name, target, "file", file=columns.name, on_event=on_event,
                             weight=weight, **keys)

    def table(self, name: str, values, *, dt=None, times=None):
        """Adds a table that expressions read as NAME(t), or NAME(t, i) if it has several columns.

        `values` is an array with a row for each time, with its unit. A row begins at a multiple of
        dt=, or at its time of times=; without either, the first argument is the number of a row.
        """
        numbers, unit = _split(values)
        rows = np.atleast_1d(np.asarray(numbers, dtype=float))
        columns = Columns(f"{name}.table.npz")
        if times is not None:
            columns.add("time", times, of=1 * ms)
        for c in range(1 if rows.ndim == 1 else rows.shape[1]):
            columns.add(f"value_{c}", rows if rows.ndim == 1 else rows[:, c])
        self._columns[columns.name] = columns
        self._add("tables", name, {"file": columns.name, "dt": dt, "unit": unit or "1"})
        return name

    def constant(self, **values):
        """Adds numbers that all expressions may read: net.constant(N=200, g="0.5 nS*200/N")."""
        self._change()["constants"].update(values)

    def uniform(self, equations: str, update: str = "", **keys):
        """Variables of the network as a whole, and code that runs at the end of each step."""
        self._change()["uniform"].update(
            equations=dedent(equations), update=dedent(update), **keys
        )

    def record(self, variable: Variable | str, every=None, *, single: bool = False) -> Trace:
        """Samples a variable while a simulation runs: net.record(cells[:5].v, every=0.5*ms).

        Without every=, in each step. single=True keeps 32-bit floats, in half the memory.
        """
        trace = Trace(str(variable), every, single)
        self._traces.append(trace)
        return trace

    def set(self, path: str, value) -> None:
        """Replaces a value by its path, as --set of the command does: "exc.size", "ee.weight"."""
        text = as_expression(value) if isinstance(value, Quantity) else str(value)
        self._sets.append((path, text))

    def __getitem__(self, name: str) -> Population:
        """The population or the group of that name."""
        tables = self._read()
        for section in ("populations", "groups"):
            if name in tables[section]:
                table = tables[section][name]
                size = table.get("size") if section == "populations" else None
                return Population(name, _whole(size))
        known = ", ".join([*tables["populations"], *tables["groups"]])
        raise InvalidError(f"no population or group is named '{name}': there are {known}")

    # What it is.

    @property
    def name(self) -> str:
        return self._read()["network"].get("name", "network")

    def text(self) -> str:
        """The network as the text of a network file."""
        return self._written()[0]

    def save(self, path) -> None:
        """Writes the network file, and files beside it for arrays."""
        path = os.fspath(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text())
        for columns in self._columns.values():
            columns.save(os.path.join(os.path.dirname(path), columns.name))

    def explain(self) -> str:
        """How the equations of each population are integrated, with the reasons, in words."""
        return self.dump("equations")

    def dump(self, stage: str = "program", threads: int = 1) -> str:
        """What the network has become at a stage of its compilation: see bnsyn.stages()."""
        writer, network = self._core_network()
        return self._with_places(writer, lambda: network.dump(stage, threads))

    def __repr__(self) -> str:
        tables = self._read()
        lines = [f"<Network {self.name}>"]
        for name, keys in tables["populations"].items():
            lines.append(f"  {name}: {keys.get('size')} of {keys.get('model')}")
        for name, keys in tables["projections"].items():
            lines.append(f"  {name}: {keys.get('source')} -> {keys.get('target')}")
        for name, keys in tables["stimuli"].items():
            lines.append(f"  {name}: {keys.get('type')} to {keys.get('target')}")
        return "\n".join(lines)

    def compile(self, *, backend: str = "accelerated", threads: int = 1, pin: bool = False,
                cache: bool = True, memory_limit: int = 0, record_spikes: bool = True,
                profile: bool = True):
        """Checks and compiles the network, draws its synapses and sets its initial state.

        backend="reference" is the interpreter, which gives the same bits. cache=True keeps compiled
        code in ~/.cache/bnsyn ($BNSYN_CACHE). memory_limit= is in bytes. profile=True measures the
        time of each kernel.
        """
        from . import _core
        from .simulation import Simulation

        writer, network = self._core_network()

        def make():
            session = _core.Session(
                network, backend=backend, threads=threads, pin=pin, cache=cache,
                memory_limit=memory_limit, record_spikes=record_spikes, profile=profile,
            )
            for trace in self._traces:
                trace._begin(session)
            return Simulation(session, self, network)

        return self._with_places(writer, make)

    # How it is kept.

    @classmethod
    def from_text(cls, text: str, file: str = "network.toml", directory: str = ".") -> "Network":
        """The network of the text of a network file, which errors call `file`."""
        net = cls()
        net._given = (text, file)
        net._directory = directory
        net._core_network()  # a mistake in the text is told here
        return net

    def _read(self) -> dict:
        """The tables; those of a file are read when they are first needed."""
        if self._given is not None and not self._tables["populations"]:
            import tomllib

            read = tomllib.loads(self._given[0])
            self._tables = {section: read.get(section, {}) for section in _SECTIONS}
            stem = os.path.splitext(os.path.basename(self._given[1]))[0]
            self._tables["network"].setdefault("name", stem)
        return self._tables

    def _change(self) -> dict:
        tables = self._read()
        self._given = None
        return tables

    def _add(self, section: str, name: str, keys: dict) -> None:
        table = self._change()[section]
        if name in table:
            raise InvalidError(f"there is already '{name}' among the {section} of the network")
        table[name] = {k: v for k, v in keys.items() if v is not None and v != {}}

    def _free_name(self, section: str, wanted: str) -> str:
        taken = self._read()[section]
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _written(self) -> tuple[str, str, Writer | None]:
        """The text, its name in errors, and who wrote it."""
        if self._given is not None:
            return self._given[0], self._given[1], None
        writer = Writer()
        tables = self._tables
        for section in _SECTIONS:
            if section not in _NAMED:
                if tables[section]:
                    writer.table(section, section, tables[section])
                continue
            for name, keys in tables[section].items():
                if isinstance(keys, dict):
                    writer.table(f"{section}.{name}", name, keys)
                else:  # a group in one line
                    writer.table(f"{section}.{name}", name, {"neurons": keys})
        return writer.text(), self.name, writer

    def _core_network(self):
        from . import _core

        text, file, writer = self._written()

        def parse():
            network = _core.Network.parse(text, file, self._directory)
            for columns in self._columns.values():
                network.add_file(columns.name, columns.names, columns.values)
            for path, value in self._sets:
                network.set(path, value)
            return network

        return writer, self._with_places(writer, parse)

    def _with_places(self, writer: Writer | None, call):
        """Calls, and lets errors name the values of the calls that built the network."""
        if writer is None:
            return call()
        try:
            return call()
        except Error as error:
            raise writer.renamed(error, self.name) from None

    def _column_value(self, name: str, value):
        """A value to begin with; an array becomes columns, and an expression that reads them."""
        numbers, unit = _split(value)
        if np.ndim(numbers) == 0 or isinstance(value, str):
            return value
        columns = Columns(f"{name}.npz").add("value", numbers)
        self._columns[columns.name] = columns
        return f'file("{columns.name}")[i]' + (f"*(1 {unit})" if unit else "")

    def _listed(self, name: str, i, j, weight, delay):
        """The rule of listed pairs, and what is then left of weight and delay."""
        if i is None or j is None:
            raise InvalidError(f"the synapses of '{name}' need both i= and j=, or neither")
        columns = Columns(f"{name}.synapses.npz").add("pre", i).add("post", j)
        numbers, unit = _split(weight)
        if np.ndim(numbers) and not isinstance(weight, str):
            columns.add("weight", numbers)
            weight = f"1 {unit}" if unit else 1
        if np.ndim(_split(delay)[0]) and not isinstance(delay, str):
            columns.add("delay", delay, of=1 * ms)
            delay = None
        self._columns[columns.name] = columns
        return {"type": "list", "file": columns.name}, weight, delay

    def _model_name(self, owner: str, model) -> str:
        if isinstance(model, str):
            return model
        if not isinstance(model, Model):
            raise InvalidError(
                f"the model of '{owner}' is a bnsyn.Model or the name of one, not {model!r}"
            )
        return self._named("models", owner, model)

    def _synapse_name(self, owner: str, model) -> str:
        if isinstance(model, str):
            return model
        if not isinstance(model, Synapse):
            raise InvalidError(
                f"the model of '{owner}' is a bnsyn.Synapse or the name of one, not {model!r}"
            )
        return self._named("synapses", owner, model)

    def _named(self, section: str, owner: str, model) -> str:
        """The name of a model in this network, which has it from now on."""
        models = self._read()[section]
        for name, keys in models.items():
            if keys is model.keys:
                return name
        name = model.name or self._free_name(section, owner)
        if name in models:
            raise InvalidError(f"two models are named '{name}': give one another name=")
        self._change()[section][name] = model.keys
        return name

    def _parameters_of(self, model) -> set[str]:
        if isinstance(model, Model):
            return model.parameters()
        keys = self._read()["models"].get(model)
        if keys is not None:
            return Model(**keys).parameters()
        if model not in self._library:
            from . import _core

            known = model in _core.library_models()
            self._library[model] = set(_core.library_parameters(model)) if known else set()
        return self._library[model]


def load(path) -> Network:
    """The network of a network file. Files that it names are sought beside it."""
    path = os.fspath(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return Network.from_text(text, path, os.path.dirname(path) or ".")


def _whole(size) -> int | None:
    return int(size) if isinstance(size, (int, np.integer)) else None


def _neurons(neurons):
    return [str(n) for n in neurons] if isinstance(neurons, (list, tuple)) else str(neurons)


def _identifier(neurons) -> str:
    """A part of a name, of neurons: exc_0_50 of exc[0:50]."""
    text = neurons if isinstance(neurons, str) else str(_neurons(neurons))
    return "_".join("".join(c if c.isalnum() else " " for c in text).split())


def _rule(rule, keys: dict):
    if isinstance(rule, dict):
        return {**rule, **keys}
    if rule is None:
        rule = "bernoulli" if "p" in keys else "all_to_all"
    return {"type": rule, **keys} if keys else rule


def _split(value):
    """Numbers in the internal system, and the unit of that: "" for plain ones."""
    if isinstance(value, Quantity):
        from .quantity import display_unit

        return value.value, display_unit(value.dimension)
    if isinstance(value, (list, tuple)) and any(isinstance(v, Quantity) for v in value):
        units = {_split(v)[1] for v in value}
        if len(units) > 1:
            raise InvalidError(f"an array has one unit, not {' and '.join(sorted(units))}")
        return np.array([_split(v)[0] for v in value]), units.pop()
    return value, ""
