"""Which neurons: populations, and parts of them."""
from __future__ import annotations

import operator

import numpy as np

from .errors import InvalidError, InvalidType, OutOfRange


class Variable:
    """A variable of some neurons, as cells[:5].v: what `record` and `sim[...]` take."""

    def __init__(self, neurons: "Neurons", name: str):
        self.neurons = neurons
        self.name = name

    def __str__(self) -> str:
        return f"{self.neurons}.{self.name}"

    def __repr__(self) -> str:
        return f"<variable {self}>"


class Neurons:
    """Some neurons of a population: cells[:3200], cells[7], cells[[3, 5]], cells["i % 2 == 0"].

    They have the numbers 0, 1, ... among those that are selected. An attribute is a variable of
    theirs: cells[:5].v.
    """

    def __init__(self, text: str, size: int | None, network=None):
        self._text = text
        self._size = size
        self._network = network

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        many = "" if self._size is None else f", {self._size} neurons"
        return f"<{self._text}{many}>"

    def __len__(self) -> int:
        if self._size is None:
            raise InvalidError(f"how many neurons {self._text} are is known when it is compiled")
        return self._size

    def __bool__(self) -> bool:
        return True

    def variable(self, name: str) -> Variable:
        """A variable of these neurons, also where the name is one of Python."""
        return Variable(self, name)

    def __getattr__(self, name: str) -> Variable:
        if name.startswith("_"):
            raise AttributeError(name)
        return Variable(self, name)

    def __setattr__(self, name: str, value) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        base = self._text.split("[")[0]
        raise AttributeError(
            f"{self._text}.{name} = ... sets nothing, as neurons have values in a simulation: give "
            f"net.population(..., {name}=...) what '{name}' begins with, or set "
            f"sim[\"{base}.{name}\"] = ... once the network is compiled"
        )

    def __dir__(self) -> list[str]:
        names = [] if self._network is None else self._network._variables_of(self._text)
        return [*super().__dir__(), *names]

    def __getitem__(self, index) -> "Neurons":
        if isinstance(index, slice):
            return self._slice(index)
        if isinstance(index, str):
            return Neurons(f"{self._text}[{index}]", None, self._network)
        if isinstance(index, (list, range)) or isinstance(index, np.ndarray) and index.ndim:
            numbers = self._numbers(index)
            text = ", ".join(map(str, numbers))
            return Neurons(f"{self._text}[[{text}]]", len(numbers), self._network)
        if isinstance(index, tuple):
            raise InvalidType(
                f"{self._text} has one dimension: some of its neurons are {self._text}[{[*index]}]"
            )
        return Neurons(f"{self._text}[{self._number(self._index(index))}]", 1, self._network)

    def _index(self, value) -> int:
        if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
            raise InvalidType(
                f"neurons of {self._text} are chosen by a whole number, a slice, a list or array "
                f"of whole numbers or of bool, or a condition in quotes, not by {value!r}"
            )
        return operator.index(value)

    def _number(self, index: int) -> int:
        if self._size is None or -self._size <= index < self._size:
            return index % self._size if self._size else index
        raise OutOfRange(f"{self._text} has {self._size} neurons, so none of number {index}")

    def _numbers(self, index) -> list[int]:
        array = np.asarray(index)
        if array.ndim != 1:
            raise InvalidType(f"{self._text} has one dimension, and not those of {index!r}")
        if array.dtype == bool:
            if len(array) != len(self):
                raise OutOfRange(
                    f"{self._text} has {len(self)} neurons, but the mask has {len(array)} values"
                )
            array = np.flatnonzero(array)
        if len(array) == 0:
            raise InvalidError(f"these are no neurons of {self._text}: the list or mask is empty")
        numbers = [self._number(self._index(v)) for v in array.tolist()]
        for before, number in zip(numbers, numbers[1:]):
            if number <= before:
                raise InvalidError(
                    f"{self._text}: a list names each neuron once, in the order of their numbers, "
                    f"but {number} is listed behind {before}: numpy.unique(...) sorts it"
                )
        return numbers

    def _slice(self, index: slice) -> "Neurons":
        if self._size is not None:
            if index.step == 0:
                raise InvalidError("a range of neurons has a step of at least 1, not 0")
            begin, end, step = index.indices(self._size)
            size = len(range(begin, end, step))
        else:
            begin, end, step, size = index.start, index.stop, index.step or 1, None
        if step < 1:
            raise InvalidError("a range of neurons has a step of at least 1: they keep their order")
        if size == 0:
            raise InvalidError(f"{self._text}[{begin}:{end}] has no neurons")
        text = ":".join("" if part is None else str(part) for part in (begin, end))
        return Neurons(f"{self._text}[{text}{f':{step}' if step != 1 else ''}]", size,
                       self._network)

    def __iter__(self):
        raise TypeError(f"{self._text} are neurons that run in a simulation, not a list")


class Population(Neurons):
    """All neurons of a population, or the neurons of a group with a name."""
