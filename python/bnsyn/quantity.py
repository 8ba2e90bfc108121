"""Numbers and arrays with a physical dimension.

A quantity is kept in the internal system of the library: ms, mV, nS, pF, pA, and what follows from
them (um, Gohm, kHz, mM, K). `quantity/mV` gives plain numbers.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .errors import InvalidError, InvalidType

# The halves of the exponents of m, kg, s, A, K, mol and cd: halves, since the noise `xi` is in
# second**-0.5.
Halves = tuple[int, int, int, int, int, int, int]
NONE: Halves = (0, 0, 0, 0, 0, 0, 0)


def describe(dimension: Sequence[int]) -> str:
    """A dimension in words: "volt", "volt/second", "a number without unit"."""
    from . import _core

    return _core.describe_dimension(dimension)


def display_unit(dimension: Halves) -> str:
    """The unit of the internal system for a dimension: "mV", "nS"; "" for plain numbers."""
    from . import _core

    return _core.display_unit(dimension)


def show_number(value: float) -> str:
    """The shortest text that reads back as the number, without a point where it is whole."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def _add(a: Halves, b: Halves, sign: int = 1) -> Halves:
    return tuple(x + sign * y for x, y in zip(a, b))  # type: ignore[return-value]


class Quantity:
    """A number or an array of numbers with a dimension."""

    __slots__ = ("value", "dimension")

    def __init__(self, value, dimension: Halves = NONE):
        self.value = value
        self.dimension = dimension

    @staticmethod
    def _make(value, dimension: Halves):
        """A plain number or array where there is no dimension."""
        return value if dimension == NONE else Quantity(value, dimension)

    # Products.

    def __mul__(self, other):
        if isinstance(other, Unit):
            return Quantity._make(other._times(self.value), _add(self.dimension, other.dimension))
        if isinstance(other, Quantity):
            return Quantity._make(
                self.value * other.value, _add(self.dimension, other.dimension)
            )
        return Quantity(self.value * _number(other), self.dimension)

    def __rmul__(self, other):
        return Quantity(_number(other) * self.value, self.dimension)

    def __truediv__(self, other):
        if isinstance(other, Unit):
            return Quantity._make(
                other._within(self.value), _add(self.dimension, other.dimension, -1)
            )
        if isinstance(other, Quantity):
            return Quantity._make(
                self.value / other.value, _add(self.dimension, other.dimension, -1)
            )
        return Quantity(self.value / _number(other), self.dimension)

    def __rtruediv__(self, other):
        return Quantity(_number(other) / self.value, _add(NONE, self.dimension, -1))

    def __pow__(self, power):
        power = _number(power)
        halves = [x * power for x in self.dimension]
        if any(x != int(x) for x in halves):
            raise InvalidError(
                f"{self} to the power {show_number(power)} has a dimension with exponents that are "
                "no halves"
            )
        return Quantity._make(self.value**power, tuple(int(x) for x in halves))

    # Sums and comparisons, of one dimension.

    def _same(self, other, what: str):
        other_dimension = other.dimension if isinstance(other, Quantity) else NONE
        if other_dimension != self.dimension:
            raise InvalidError(
                f"{what} must have one dimension, but {_shown(self)} is "
                f"{describe(self.dimension)}, and {_shown(other)} is {describe(other_dimension)}"
            )
        return other.value if isinstance(other, Quantity) else other

    def __add__(self, other):
        return Quantity(self.value + self._same(other, "the parts of a sum"), self.dimension)

    def __sub__(self, other):
        return Quantity(
            self.value - self._same(other, "the parts of a difference"), self.dimension
        )

    def __radd__(self, other):
        if isinstance(other, int) and other == 0:  # where sum(...) begins
            return self
        return Quantity(other, NONE) + self

    def __rsub__(self, other):
        return Quantity(other, NONE) - self

    def __neg__(self):
        return Quantity(-self.value, self.dimension)

    def __pos__(self):
        return self

    def __abs__(self):
        return Quantity(abs(self.value), self.dimension)

    def __lt__(self, other):
        return self.value < self._same(other, "what is compared")

    def __le__(self, other):
        return self.value <= self._same(other, "what is compared")

    def __gt__(self, other):
        return self.value > self._same(other, "what is compared")

    def __ge__(self, other):
        return self.value >= self._same(other, "what is compared")

    def __eq__(self, other):
        if not isinstance(other, Quantity) or other.dimension != self.dimension:
            return False
        return self.value == other.value

    def __hash__(self):
        return hash((float(self.value), self.dimension))

    def __rpow__(self, base):
        raise InvalidType(f"an exponent is a number without unit, not {self!r}")

    # Arrays.

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
        """What NumPy's functions do: numpy.sqrt(4*mV**2), and sums of arrays with quantities."""
        if out is not None:
            raise InvalidType(
                f"{ufunc.__name__} cannot write a quantity into an array of numbers: a new one is "
                "needed, as in x = x*mV in the place of x *= mV"
            )
        if method == "__call__" and not keywords:
            if ufunc in _OPERATORS:
                own, reflected = _OPERATORS[ufunc]
                if isinstance(inputs[0], Quantity):
                    return getattr(inputs[0], own)(*inputs[1:])
                return getattr(inputs[1], reflected)(inputs[0])
            if ufunc in _OF_ONE_DIMENSION:
                what = f"the arguments of {ufunc.__name__}"
                first = inputs[0] if isinstance(inputs[0], Quantity) else Quantity(inputs[0])
                values = [first.value, *(first._same(other, what) for other in inputs[1:])]
                return Quantity(ufunc(*values), first.dimension)
            if ufunc in _OF_VALUES:
                return ufunc(self.value)
        raise InvalidType(
            f"numpy.{ufunc.__name__} takes numbers without unit: divide the quantity by a unit, as "
            f"in numpy.{ufunc.__name__}(v/mV)"
        )

    def __ne__(self, other):
        equal = self == other
        return np.logical_not(equal) if np.ndim(equal) else not equal

    def _sqrt(self):
        return self**0.5

    def _square(self):
        return self**2

    @property
    def shape(self):
        return np.shape(self.value)

    def __len__(self):
        return len(self.value)

    def __getitem__(self, index):
        return Quantity(self.value[index], self.dimension)

    def __iter__(self):
        return (Quantity(value, self.dimension) for value in self.value)

    def __bool__(self):
        return bool(self.value)

    # Text.

    def __repr__(self):
        unit = display_unit(self.dimension)
        if np.ndim(self.value):
            return f"{self.value} {unit}"
        return f"{show_number(self.value)} {unit}"

    def __format__(self, spec):
        if not spec:
            return repr(self)
        return f"{format(self.value, spec)} {display_unit(self.dimension)}"


# NumPy's functions that are operators here, with the name for the second argument.
_OPERATORS = {
    np.multiply: ("__mul__", "__rmul__"),
    np.true_divide: ("__truediv__", "__rtruediv__"),
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.power: ("__pow__", "__rpow__"),
    np.less: ("__lt__", "__gt__"),
    np.less_equal: ("__le__", "__ge__"),
    np.greater: ("__gt__", "__lt__"),
    np.greater_equal: ("__ge__", "__le__"),
    np.equal: ("__eq__", "__eq__"),
    np.not_equal: ("__ne__", "__ne__"),
    np.negative: ("__neg__", ""),
    np.positive: ("__pos__", ""),
    np.absolute: ("__abs__", ""),
    np.sqrt: ("_sqrt", ""),
    np.square: ("_square", ""),
}
# Those whose arguments and result have one dimension, and those that look at the values alone.
_OF_ONE_DIMENSION = (np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.remainder, np.fmod)
_OF_VALUES = (np.isfinite, np.isnan, np.isinf, np.sign)


class Unit(Quantity):
    """A unit: a power of ten of the internal system, with a name. 5*mV rounds once."""

    __slots__ = ("exponent", "name")

    def __init__(self, dimension: Halves, exponent: int, name: str):
        super().__init__(10.0**exponent, dimension)
        self.exponent = exponent
        self.name = name

    def _times(self, value):
        return value * 10.0**self.exponent if self.exponent >= 0 else value / 10.0**-self.exponent

    def _within(self, value):
        if self.exponent == 0:
            return value
        return value / 10.0**self.exponent if self.exponent > 0 else value * 10.0**-self.exponent

    def __mul__(self, other):
        return _unit(self, other, 1) if isinstance(other, Unit) else self.__rmul__(other)

    def __rmul__(self, other):
        # Python asks the unit first, as it is of a class below that of the other.
        if isinstance(other, Quantity):
            return Quantity.__mul__(other, self)
        return Quantity._make(self._times(_number(other)), self.dimension)

    def __truediv__(self, other):
        if isinstance(other, Unit):
            return _unit(self, other, -1)
        return super().__truediv__(other)

    def __rtruediv__(self, other):
        if isinstance(other, Quantity):
            return Quantity.__truediv__(other, self)
        inverse = Unit(_add(NONE, self.dimension, -1), -self.exponent, f"1/{self.name}")
        return inverse if np.ndim(other) == 0 and other == 1 else _number(other) * inverse

    def __pow__(self, power):
        if power != int(power):
            return super().__pow__(power)
        halves = tuple(x * int(power) for x in self.dimension)
        return Unit(halves, self.exponent * int(power), f"{self.name}**{int(power)}")

    def __repr__(self):
        return self.name


def _unit(a: Unit, b: Unit, sign: int):
    dimension = _add(a.dimension, b.dimension, sign)
    exponent = a.exponent + sign * b.exponent
    if dimension == NONE:
        return 10.0**exponent
    return Unit(dimension, exponent, f"{a.name}{'*' if sign > 0 else '/'}{b.name}")


def _number(value):
    """What stands beside a quantity in a product: a number, or an array of numbers.

    A number of less than 64 bits is taken as the decimal number that it prints as. Whole numbers
    become floats, as small ones would else pass their range: numpy.int8(100)*second.
    """
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (np.float32, np.float16)):
        return float(str(value))
    try:
        numbers = value if isinstance(value, (np.ndarray, np.generic)) else np.asarray(value)
        kind = numbers.dtype.kind
        if kind in "biu" or (kind == "O" and numbers.ndim) or numbers.dtype == np.float16:
            return numbers.astype(float)
        if kind == "f":
            return numbers
    except (TypeError, ValueError):
        pass
    if isinstance(value, Quantity):
        raise InvalidType(f"here stands a number without unit, not {value!r}")
    raise InvalidType(f"a quantity has numbers, or arrays of them, not {value!r}")


def _shown(value) -> str:
    if isinstance(value, Quantity):
        return repr(value)
    return show_number(value) if isinstance(value, (int, float)) else str(value)


def value_and_dimension(value):
    """A plain number or array, and its dimension."""
    if isinstance(value, Quantity):
        return value.value, value.dimension
    return value, NONE
