"""Networks: built call by call, or read from a network file.

A Network is a network file that is being written: each call adds a table of it, `text()` is the
file, and docs/networks.md describes what its keys mean. `compile` checks all of it.
"""
from __future__ import annotations

from collections.abc import Set
import os

import numpy as np

from . import arguments
from .columns import Columns
from .errors import InvalidError, InvalidType, NotFound
from .model import Model, Synapse
from .neurons import Neurons, Population, Variable
from .quantity import Quantity
from .tables import Tables
from .text import as_expression, dedent
from .trace import Trace
from .units import ms
from .variables import variables_of

# Keys of a rule, which `connect` takes beside those of the projection.
_RULE_KEYS = ("p", "n", "self", "multiple", "condition", "file")


class Network(Tables):
    """A network of populations, connections and stimuli.

        net = bn.Network(dt=0.1*ms, seed=42)
        cells = net.population("cells", 4000, model, v="normal(-65*mV, 5*mV)")
        net.connect(cells[:3200], cells, on_pre="ge += w", p=0.02, w=6*nS)
        sim = net.compile(threads=2)
    """

    def __init__(self, dt=0.1 * ms, seed: int = 0, name: str = "network", **keys):
        super().__init__()
        self._tables["network"] = {"name": name, "dt": dt, "seed": seed, **keys}
        # How many values arrays had, by the owner and the name of their variable.
        self._lengths: dict[tuple[str, str], int] = {}
        self._traces: list[Trace] = []
        self._library: dict[str, Set[str]] = {}

    # What a network is made of.

    def population(self, name: str, size, model, *, parameters=None, initial=None, **values):
        """Adds neurons of a model, which is a Model, or the name of one of the library ("adex").

        Further keywords are parameters, where the model has one of that name, and else values that
        variables begin with: numbers with units, expressions, or an array with one for each neuron.
        linked=, clocks=, method=, substeps=, order= and spike_time= are those of network files.
        """
        self._check_name("populations", name)
        if not isinstance(size, str):
            size = arguments.whole(size, f"the size of '{name}'", 1)
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
        for key, value in parameters.items():
            if np.ndim(arguments.unit_and_values(value, f"{key}= of '{name}'")[1]):
                raise InvalidError(
                    f"{key}= of '{name}' is a parameter, which is one number: declare a variable "
                    f"'{key}' in the equations, as in \"{key} : volt\", for one in each neuron"
                )
        size = _known(size)
        keys["initial"] = {
            k: self._column_value(name, k, v, size) for k, v in initial.items()
        }
        self._add("populations", name, keys)
        return Population(name, size, self)

    def group(self, name: str, neurons: Neurons | str, **initial):
        """Gives some neurons a name, and values to begin with in the place of the population's."""
        self._check_name("groups", name)
        keys = {"neurons": self._neurons(neurons, f"what '{name}' names")}
        size = self._size_of(neurons)
        keys["initial"] = {
            k: self._column_value(name, k, v, size) for k, v in initial.items()
        }
        self._add("groups", name, keys)
        return Population(name, size, self)

    def connect(self, source, target, on_pre: str | None = None, /, *, name: str | None = None,
                rule=None, i=None, j=None, w=None, weight=None, delay=None, model=None, **keys):
        """Connects neurons; returns the name of the projection.

            net.connect(exc, cells, on_pre="ge += w", p=0.02, w=6*nS, delay=1.5*ms)
            net.connect(exc, inh, "ge += w", i=[0, 0, 5], j=[1, 2, 7], w=[5, 6, 7]*nS)

        Which pairs: p= joins each with a probability, or rule= names another rule, as
        rule="fixed_in_degree", n=100; i= and j= are arrays with the source and the target of each
        synapse, by their numbers among `source` and `target`, and then w= and delay= may be arrays
        too, whose delays go to the nearest step. Without any, all pairs are joined.
        What synapses do: on_pre=, on_post=, equations=, or model= a Synapse or the name of one of
        the library, with into=. Further keywords are those of [projections.NAME] in network files.
        """
        if on_pre is not None and "on_pre" in keys:
            raise InvalidType("connect has on_pre twice: as the third argument, and by its name")
        if w is not None and weight is not None:
            raise InvalidType("connect has the weight twice: as w= and as weight=")
        on_pre = keys.pop("on_pre", on_pre)
        own = f"{_identifier(source)}_{_identifier(target)}"
        name = name or self._free_name("projections", own)
        self._check_name("projections", name)
        weight = w if weight is None else weight
        table: dict = {
            "source": self._neurons(source, "the source"),
            "target": self._neurons(target, "the target"),
        }
        if i is not None or j is not None:
            if rule is not None or any(k in keys for k in _RULE_KEYS):
                raise InvalidError(
                    f"i= and j= list the pairs of '{name}': leave rule= and its keys out: "
                    f"{', '.join(_RULE_KEYS)}"
                )
            table["rule"], weight, delay = self._listed(
                name, source, target, i, j, weight, delay
            )
        else:
            for key, value in (("w", weight), ("delay", delay)):
                if not isinstance(value, str) and np.ndim(arguments.unit_and_values(value, key)[1]):
                    raise InvalidError(
                        f"{key}= of '{name}' is an array with a value for each synapse: list the "
                        "synapses with i= and j=, or give an expression in quotes"
                    )
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
        self._add(
            "stimuli", name, {"type": type, "target": self._neurons(target, "the target"), **keys}
        )
        return name

    def events(self, name: str, target, *, times, index, on_event: str, weight=1, number=None,
               **keys):
        """Adds events at times of an array, each at the neuron of that index among the target.

        number= is an array with how many events there are at once.
        """
        self._check_name("stimuli", name)
        columns = Columns(f"{name}.events.npz")
        columns.add("time", arguments.times(times, "times"), "times")
        columns.add("index", arguments.indices(index, "index", self._size_of(target), str(target)),
                    "index")
        if number is not None:
            columns.add("value", number, "number")
        columns.check_lengths(name)
        if len(columns.values[0]) == 0:
            raise InvalidError(f"there are no events in the arrays of '{name}': leave it out")
        self.stimulus(name, target, "file", file=columns.name, on_event=on_event, weight=weight,
                      **keys)
        self._columns[columns.name] = columns
        return name

    def table(self, name: str, values, *, dt=None, times=None):
        """Adds a table that expressions read as NAME(t), or NAME(t, i) if it has several columns.

        `values` is an array with a row for each time, with its unit. A row begins at a multiple of
        dt=, or at its time of times=; without either, the first argument is the number of a row.
        """
        self._check_name("tables", name)
        unit, numbers = arguments.unit_and_values(values, "values")
        rows = np.atleast_1d(numbers)
        columns = Columns(f"{name}.table.npz")
        if times is not None:
            columns.add("time", arguments.times(times, "times"), "times")
        for c in range(1 if rows.ndim == 1 else rows.shape[1]):
            columns.add(f"value_{c}", rows if rows.ndim == 1 else rows[:, c], "values")
        columns.check_lengths(name)
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

    def record(self, variable: Variable | str, every=None, *, single: bool = False,
               statistics: bool = False, bins=None) -> Trace:
        """Samples a variable while a simulation runs: net.record(cells[:5].v, every=0.5*ms).

        Without every=, in each step. single=True keeps 32-bit floats, in half the memory.
        statistics=True keeps the mean, the deviation, the extremes and a histogram of all its
        values in the place of them, as for weights: net.record("ee.w", every=1*second,
        statistics=True, bins=(0*nS, 1*nS, 20)); trace.columns says what they are.
        """
        if isinstance(variable, Variable):
            self._neurons(variable.neurons, "what is recorded")
        trace = Trace(variable, every, single, statistics, bins)
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
                return Population(name, _known(size), self)
        known = ", ".join([*tables["populations"], *tables["groups"]])
        raise NotFound(f"no population or group is named '{name}': there are {known}")

    # What it is.

    def text(self) -> str:
        """The network as the text of a network file."""
        text = self._written()[0]
        if self._sets:
            options = " ".join(f"--set {path}={value!r}" for path, value in self._sets)
            raise InvalidError(
                f"the text of the network does not have what net.set has replaced: take the text "
                f"before, and run its file with {options}"
            )
        return text

    def save(self, path) -> None:
        """Writes the network file, and files beside it for arrays."""
        path, text = os.fspath(path), self.text()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
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

        if not isinstance(backend, str):
            raise InvalidType(f"backend= is 'accelerated' or 'reference', not {backend!r}")
        threads = arguments.whole(threads, "threads=")
        if not 1 <= threads <= 1024:
            raise InvalidError(f"threads={threads}: give a number from 1 to 1024")
        memory_limit = arguments.whole(memory_limit, "memory_limit=", 0)
        writer, network = self._core_network()

        def make():
            session = _core.Session(
                network, backend=backend, threads=threads, pin=pin, cache=cache,
                memory_limit=memory_limit, record_spikes=record_spikes, profile=profile,
            )
            for (owner, variable), length in self._lengths.items():
                size = len(session.numbers(owner))
                self._check_length(f"{variable}= of '{owner}'", length, size)
            for trace in self._traces:
                trace._begin(session)
            return Simulation(session, self, network, [trace._kept() for trace in self._traces])

        return self._with_places(writer, make)

    def _variables_of(self, neurons: str) -> list[str]:
        """What the neurons have, for completion; [] where the model is not known."""
        tables = self._read()
        name = neurons.split("[")[0]
        for _ in tables["groups"]:  # a group may be one of a group
            group = tables["groups"].get(name)
            if group is None:
                break
            name = (group["neurons"] if isinstance(group, dict) else group).split("[")[0]
        model = tables["populations"].get(name, {}).get("model", "")
        keys = tables["models"].get(model)
        return variables_of(model if keys is None else keys.get("equations"))

    def _ipython_key_completions_(self) -> list[str]:
        return [*self._read()["populations"], *self._read()["groups"]]

    # How it is kept.

    @classmethod
    def from_text(cls, text: str, file: str = "network.toml", directory: str = ".") -> "Network":
        """The network of the text of a network file, which errors call `file`."""
        net = cls()
        net._given = (text, file)
        net._directory = directory
        net._core_network()  # a mistake in the text is told here
        return net

    def _column_value(self, owner: str, variable: str, value, size: int | None):
        """A value to begin with; an array becomes columns, and an expression that reads them."""
        what = f"{variable}= of '{owner}'"
        unit, numbers = arguments.unit_and_values(value, what)
        if np.ndim(numbers) == 0 or isinstance(value, str):
            return value
        columns = Columns(f"{owner}.{variable}.npz").add("value", numbers, what)
        self._check_length(what, len(columns.values[0]), size)
        self._lengths[owner, variable] = len(columns.values[0])
        self._columns[columns.name] = columns
        return f'file("{columns.name}")[i]' + (f"*(1 {unit})" if unit else "")

    @staticmethod
    def _check_length(what: str, length: int, size: int | None) -> None:
        if size is not None and length != size:
            raise InvalidError(f"{what} has {length} values, but there are {size} neurons")

    def _size_of(self, neurons) -> int | None:
        """How many neurons these are, where that is known before the network is compiled."""
        if isinstance(neurons, str) and neurons in self._read()["populations"]:
            return _known(self._read()["populations"][neurons].get("size"))
        return neurons._size if isinstance(neurons, Neurons) else None

    def _neurons(self, neurons, what: str):
        """The text of neurons, or of several; they must be of this network."""
        if isinstance(neurons, (list, tuple)):
            return [self._neurons(n, what) for n in neurons]
        if isinstance(neurons, Neurons):
            if neurons._network not in (None, self):
                raise InvalidError(
                    f"{neurons} are neurons of another network: take net[\"{neurons}\"] of this one"
                )
            return str(neurons)
        if isinstance(neurons, str):
            return str(neurons)
        raise InvalidType(f"{what} is neurons, as cells or cells[:10], or a name, not {neurons!r}")

    def _listed(self, name: str, source, target, i, j, weight, delay):
        """The rule of listed pairs, and what is then left of weight and delay."""
        if i is None or j is None:
            raise InvalidError(f"the synapses of '{name}' need both i= and j=, or neither")
        columns = Columns(f"{name}.synapses.npz")
        for column, key, values, side in (("pre", "i", i, source), ("post", "j", j, target)):
            numbers = arguments.indices(values, key, self._size_of(side), str(side))
            columns.add(column, numbers, key)
        unit, numbers = arguments.unit_and_values(weight, "w=")
        if np.ndim(numbers) and not isinstance(weight, str):
            columns.add("weight", numbers, "w=")
            weight = f"1 {unit}" if unit else 1
        if np.ndim(arguments.unit_and_values(delay, "delay=")[1]) and not isinstance(delay, str):
            columns.add("delay", arguments.times(delay, "delay="), "delay=")
            delay = None
        columns.check_lengths(name)
        if len(columns.values[0]) == 0:
            return {"type": "bernoulli", "p": 0}, weight, delay
        self._columns[columns.name] = columns
        return {"type": "list", "file": columns.name}, weight, delay

    def _model_name(self, owner: str, model) -> str:
        return self._name_of("models", Model, owner, model)

    def _synapse_name(self, owner: str, model) -> str:
        return self._name_of("synapses", Synapse, owner, model)

    def _name_of(self, section: str, kind: type, owner: str, model) -> str:
        if isinstance(model, str):
            return model
        if not isinstance(model, kind):
            raise InvalidError(
                f"the model of '{owner}' is a bnsyn.{kind.__name__} or the name of one, not {model!r}"
            )
        return self._named(section, owner, model)

    def _named(self, section: str, owner: str, model) -> str:
        """The name of a model in this network, which has it from now on."""
        models = self._read()[section]
        for name, keys in models.items():
            if keys is model.keys:
                return name
        name = model.name or self._free_name(section, owner)
        arguments.name(name, "model")
        if name in models:
            raise InvalidError(f"two models are named '{name}': give one another name=")
        self._change()[section][name] = model.keys
        return name

    def _parameters_of(self, model) -> Set[str]:
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


def _known(size) -> int | None:
    return size if isinstance(size, int) else None


def _identifier(neurons) -> str:
    """A part of a name, of neurons: exc_0_50 of exc[0:50]."""
    text = " ".join(map(str, neurons)) if isinstance(neurons, (list, tuple)) else str(neurons)
    return "_".join("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def _rule(rule, keys: dict):
    if isinstance(rule, dict):
        return {**rule, **keys}
    if np.ndim(keys.get("p", 0)) or np.ndim(keys.get("n", 0)):
        raise InvalidError(
            "p= and n= are one number for all pairs, or an expression: i= and j= list the pairs"
        )
    if rule is None:
        rule = "bernoulli" if "p" in keys else "all_to_all"
    return {"type": rule, **keys} if keys else rule
