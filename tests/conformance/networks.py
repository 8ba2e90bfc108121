"""The six networks: what is drawn for each, and the change that makes it read files instead.

Each is run in Brian2 by brian_side.py, which has its equations once more.
"""

import abc
import pathlib
import tomllib

import numpy as np

from data import Data, stop

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Network(abc.ABC):
    name: str
    dt_ms = 0.1
    membrane = "V"
    sizes = {"exc": 3200, "inh": 800}
    trace_ms = 20.0  # for how long membranes are compared
    window_ms: float | None = None  # how long the inputs are the drawn ones; None: there are none
    rate_hz: tuple[float, float]  # where the mean rate must lie
    wrong_equation: tuple[str, str]  # what --inject wrong-equation replaces, by what

    @property
    def window_steps(self) -> int:
        return round(self.window_ms / self.dt_ms)

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator) -> Data:
        """Connections, initial values, inputs."""

    def adapt(self, described: dict, data: Data) -> None:
        """Makes the other changes of the network's file, after its draws have been replaced."""


def file_drive(described: dict, stimulus: str, window_ms: float) -> None:
    """Makes a stimulus read files during the compared window, and draw its events after it."""
    own = described["stimuli"][stimulus]
    for population in own["target"]:
        described["stimuli"][f"drive_{population}"] = {
            "type": "file",
            "target": population,
            "file": f"drive_{population}.csv",
            "weight": own["weight"],
            "on_event": own["on_event"],
        }
    own["rate"] = f"0 Hz if t < {window_ms} ms - dt/2 else {own['rate']}"


class Coba(Network):
    name = "coba"
    rate_hz = (16, 22)
    wrong_equation = ("-60 mV", "-59.9 mV")

    def draw(self, rng):
        data = Data(self.sizes)
        for source in self.sizes:
            data.connect(rng, source, 0.02, self_connections=True)
        data.initial["V"] = rng.normal(-65, 5, data.neurons)
        data.initial["g_ex"] = rng.normal(40, 15, data.neurons)
        data.initial["g_in"] = rng.normal(200, 120, data.neurons)
        return data

    def adapt(self, described, data):
        described["models"]["cell"]["method"] = "exponential_euler"


class Cobahh(Coba):
    name = "cobahh"
    rate_hz = (33, 39)
    wrong_equation = ("-90 mV", "-89.9 mV")


class Cuba(Network):
    name = "cuba"
    rate_hz = (5, 8)
    wrong_equation = ("-49 mV", "-48.9 mV")

    def draw(self, rng):
        data = Data(self.sizes)
        for source in self.sizes:
            data.connect(rng, source, 0.02, self_connections=True)
        data.initial["V"] = rng.uniform(-60, -50, data.neurons)
        return data

    def adapt(self, described, data):
        described["models"]["cell"]["method"] = "exact"


class Adex(Network):
    name = "adex10k"
    sizes = {"exc": 8000, "inh": 2000}
    window_ms = 100.0
    trace_ms = 40.0  # the first spikes come after 20 ms
    rate_hz = (7, 10)
    wrong_equation = ('E_L = "-70 mV"', 'E_L = "-69.9 mV"')

    def draw(self, rng):
        data = Data(self.sizes)
        for source in self.sizes:
            data.connect(rng, source, 0.02, self_connections=False)
        data.initial["V"] = rng.normal(-70, 5, data.neurons)
        data.drive = rng.random((self.window_steps, data.neurons)) < 0.1
        return data

    def adapt(self, described, data):
        file_drive(described, "background", self.window_ms)
        # A model of its own, since Brian2 has one method for all equations.
        model = tomllib.loads((ROOT / "models/adex_cond.toml").read_text())["models"]["adex_cond"]
        described["models"] = {"cell": model | {"method": "euler"}}
        for population in described["populations"].values():
            population["model"] = "cell"


class Brunel(Network):
    name = "brunel"
    sizes = {"exc": 10000, "inh": 2500}
    window_ms = 25.0
    rate_hz = (30, 34)
    wrong_equation = ("-V/tau", "(0.1 mV - V)/tau")

    def draw(self, rng):
        data = Data(self.sizes)
        for source in self.sizes:
            data.connect(rng, source, 0.1, self_connections=True)
        data.initial["V"] = rng.uniform(0, 20, data.neurons)
        data.drive = rng.poisson(2.0, (self.window_steps, data.neurons)).astype(np.uint8)
        return data

    def adapt(self, described, data):
        described["models"]["cell"]["method"] = "exact"
        file_drive(described, "external", self.window_ms)


class Izhikevich(Network):
    name = "izhikevich"
    dt_ms = 1.0
    membrane = "v"
    sizes = {"exc": 800, "inh": 200}
    window_ms = 200.0
    rate_hz = (6, 9)
    wrong_equation = ("+ 140", "+ 140.1")

    def draw(self, rng):
        # Weights and noise are drawn on a grid of 2^-20, so that every sum of them is exact in both simulators.
        def on_grid(values):
            return np.round(values * 2**20) / 2**20

        data = Data(self.sizes)
        everyone = np.arange(data.neurons, dtype=np.int32)
        for source, (first, end) in data.ranges().items():
            sources = everyone[first:end]
            data.pairs[source] = (np.repeat(sources, data.neurons), np.tile(everyone, len(sources)))
            drawn = on_grid(rng.random(len(sources) * data.neurons))
            data.weights[source] = 0.5 * drawn if source == "exc" else -drawn
        excitatory = everyone < self.sizes["exc"]
        thalamus = np.where(excitatory, 5, 2)
        data.drive = on_grid(thalamus * rng.standard_normal((self.window_steps, data.neurons)))
        r = rng.random(data.neurons)
        data.initial = {
            "r": r,
            "a": np.where(excitatory, 0.02, 0.02 + 0.08 * r),
            "b": np.where(excitatory, 0.2, 0.25 - 0.05 * r),
            "c": np.where(excitatory, -65 + 15 * r**2, -65),
            "d": np.where(excitatory, 8 - 6 * r**2, 2),
            "v": np.full(data.neurons, -65.0),
        }
        data.initial["u"] = data.initial["b"] * data.initial["v"]
        return data

    def adapt(self, described, data):
        model, own = described["models"]["cell"], "noise = thalamus*randn() : 1"
        if own not in model["equations"]:
            stop(f"there is no '{own}' in {self.name}")
        drawn = f"noise = thalamus*randn() if t > {self.window_ms} ms - dt/2 else drive : 1"
        model["equations"] = model["equations"].replace(own, f"{drawn}\ndrive : 1 (input)")
        described["stimuli"] = {
            f"drive_{population}": {
                "type": "file",
                "target": population,
                "file": f"drive_{population}.csv",
                "on_event": "drive += w",
            }
            for population in data.sizes
        }


NETWORKS = {network.name: network for network in (Coba(), Cuba(), Cobahh(), Adex(), Izhikevich(), Brunel())}
