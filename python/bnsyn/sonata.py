"""Networks of point neurons in the format SONATA."""
from __future__ import annotations

import os

from .errors import InvalidError
from .network import Network
from .tables import SECTIONS


class SonataNetwork(Network):
    """The network of the files of a SONATA circuit. Values of it can be set, variables recorded."""

    def __init__(self, config: str):
        super().__init__()
        self._config = config
        self._core_network()  # a mistake in the files is told here

    def _written(self):
        raise InvalidError(
            f"the network of {self._config} is as its files are: it has no text, and nothing can "
            "be added to it"
        )

    def _change(self) -> dict:
        self._written()
        return {}

    def _read(self) -> dict:
        return self._tables

    def _core_network(self):
        from . import _core

        network = _core.Network.read_sonata(self._config)
        for path, value in self._sets:
            network.set(path, value)
        names = network.names()
        self._tables = {s: {n: {} for n in names.get(s, ())} for s in SECTIONS}
        folder = os.path.basename(os.path.dirname(os.path.abspath(self._config)))
        self._tables["network"]["name"] = folder or "sonata"
        return None, network


def read_sonata(config) -> Network:
    """The network of circuit_config.json or simulation_config.json, or of a folder with one.

    docs/recording.md says what is read. `net["v1_100"]` are the nodes of type 100 of `v1`.
    """
    path = os.fspath(config)
    if os.path.isdir(path):
        for name in ("simulation_config.json", "circuit_config.json"):
            if os.path.exists(os.path.join(path, name)):
                return SonataNetwork(os.path.join(path, name))
        raise InvalidError(
            f"the folder '{path}' has neither simulation_config.json nor circuit_config.json"
        )
    return SonataNetwork(path)
