"""Writes the description of a network as the text of a network file, and says what stands where."""
from __future__ import annotations

import re

import numpy as np

from .errors import Error, InvalidError, InvalidType
from .neurons import Neurons, Variable
from .quantity import Quantity, display_unit, show_number

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def as_expression(quantity: Quantity) -> str:
    """A quantity in the model language: "-60 mV", "0.5 mV/ms"."""
    if np.ndim(quantity.value):
        raise InvalidError(f"here is one number needed, not an array of {len(quantity.value)}")
    if not np.isfinite(quantity.value):
        raise InvalidError(f"{quantity} is no finite number")
    return f"{show_number(quantity.value)} {display_unit(quantity.dimension)}"


def _string(text: str) -> str:
    """A string of one line, as TOML writes it."""
    if "'" not in text and "\n" not in text:
        return f"'{text}'"
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(character, escaped)
    return f'"{text}"'


def _scalar(value) -> str | None:
    if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0:
        value = float(str(value)) if value.dtype.kind == "f" else value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Quantity):
        return _string(as_expression(value))
    if isinstance(value, str):
        return _string(value)
    return None


def inline(value) -> str:
    """A value as TOML writes it on one line."""
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, dict):
        given = ((k, v) for k, v in value.items() if v is not None)
        return "{ " + ", ".join(f"{_key(k)} = {inline_of(k, v)}" for k, v in given) + " }"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "[" + ", ".join(inline(v) for v in value) + "]"
    if isinstance(value, (Neurons, Variable)):
        return _string(str(value))
    if callable(value):
        raise InvalidType(
            "here is a number or an expression in quotes needed, as \"6*nS*exp(-abs(i - j)/10)\", "
            "not a function"
        )
    raise InvalidType(f"here is a number or an expression in quotes needed, not {value!r}")


def inline_of(label: str, value) -> str:
    """The same, with the name of the value in errors."""
    try:
        return inline(value)
    except Error as error:
        raise type(error)(f"{label}: {error}") from None


def _key(name: str) -> str:
    return name if _BARE_KEY.match(name) else _string(name)


def dedent(text: str) -> str:
    """The lines of a text in quotes without the indentation of the program around it."""
    lines = text.strip("\n").rstrip().splitlines()
    return "\n".join(line.strip() for line in lines)


class Writer:
    """Lines of a network file, and for each line what it holds."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        # For each line the name of its value, the line within the value, and how many columns stand
        # before it; None for headers.
        self._places: list[tuple[str, int, int] | None] = []

    def _add(self, line: str, place: tuple[str, int, int] | None) -> None:
        self.lines.append(line)
        self._places.append(place)

    def table(self, header: str, label: str, values: dict) -> None:
        """[header] and its keys; errors about them name `label`."""
        if self.lines:
            self._add("", None)
        self._add(f"[{header}]", (label, 1, len(header) + 2))
        for name, value in values.items():
            if value is not None:
                self._entry(name, f"{label}.{name}", value)

    def _entry(self, name: str, label: str, value) -> None:
        begin = f"{_key(name)} = "
        if isinstance(value, str) and "\n" in value and "'''" not in value:
            self._add(begin + "'''", (label, 1, 0))
            lines = value.split("\n")
            for number, line in enumerate(lines, 1):
                end = "'''" if number == len(lines) else ""
                self._add(line + end, (label, number, 0))
        else:
            before = len(begin) + (1 if isinstance(value, (str, Quantity)) else 0)
            self._add(begin + inline_of(label, value), (label, 1, before))

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def renamed(self, error: Error, file: str) -> Error:
        """The error, with the names of values in the place of lines of the text."""

        def place(match: re.Match) -> str:
            line, column = int(match[1]), int(match[2])
            known = self._places[line - 1] if line <= len(self._places) else None
            if known is None:
                return match[0]
            label, number, before = known
            return f"{label}:{number}:{column - before}" if column > before else label

        text = re.sub(re.escape(file) + r":(\d+):(\d+)", place, str(error))
        return type(error)(text)
