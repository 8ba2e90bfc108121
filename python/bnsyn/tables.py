"""The tables of a network file, from which the library makes a network."""
from __future__ import annotations

import os

from . import arguments
from .columns import Columns
from .errors import Error, InvalidError
from .text import Writer

# The tables of a network file, in the order in which they are written.
SECTIONS = (
    "network", "constants", "models", "synapses", "populations", "groups", "tables", "stimuli",
    "projections", "uniform", "record",
)
# Those that hold tables by name.
_NAMED = (
    "models", "synapses", "populations", "groups", "tables", "stimuli", "projections", "record",
)


class Tables:
    """What a Network keeps: tables by section and name, and arrays that they name like files."""

    def __init__(self) -> None:
        self._tables: dict[str, dict] = {section: {} for section in SECTIONS}
        self._columns: dict[str, Columns] = {}
        self._sets: list[tuple[str, str]] = []
        # The text of a file, as long as nothing was added to it.
        self._given: tuple[str, str] | None = None
        self._directory = "."

    @property
    def name(self) -> str:
        return self._read()["network"].get("name", "network")

    def _read(self) -> dict:
        """The tables; those of a file are read when they are first needed."""
        if self._given is not None and not self._tables["populations"]:
            import tomllib

            read = tomllib.loads(self._given[0])
            self._tables = {section: read.get(section, {}) for section in SECTIONS}
            stem = os.path.splitext(os.path.basename(self._given[1]))[0]
            self._tables["network"].setdefault("name", stem)
        return self._tables

    def _change(self) -> dict:
        tables = self._read()
        self._given = None
        return tables

    def _check_name(self, section: str, name: str) -> None:
        """That a new table may have the name, before anything of it is kept."""
        of = {"stimuli": "stimulus", "synapses": "model of synapses"}.get(section, section[:-1])
        arguments.name(name, of)
        if name in self._read()[section]:
            raise InvalidError(f"there is already '{name}' among the {section} of the network")

    def _add(self, section: str, name: str, keys: dict) -> None:
        self._check_name(section, name)
        table = self._change()[section]
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
        for section in SECTIONS:
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
