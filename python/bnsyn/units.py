"""The units of the model language, by its names: from bnsyn.units import mV, ms, nS, pA, second

All but `candela`, `kilogram` and the times of clocks also have the prefixes f p n u m k M G, and
lengths c: `mV` or `mvolt`, `Mohm`, `cm`. Units of one letter are `bnsyn.units.V` and the like; a
star import leaves them out.
"""
from .quantity import Halves, Quantity, Unit

# Powers of ten from the unit of the SI to that of the internal system.
_INTERNAL = (6, 12, 3, 12, 0, 18, 0)
_PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}

# Long names, short names, the powers of m, kg, s, A, K, mol and cd, and a power of ten.
_SYMBOLS = (
    ("second", "s", (0, 0, 1), 0),
    ("metre meter", "m", (1,), 0),
    ("gram", "g", (0, 1), -3),
    ("amp ampere", "A", (0, 0, 0, 1), 0),
    ("coulomb", "C", (0, 0, 1, 1), 0),
    ("volt", "V", (2, 1, -3, -1), 0),
    ("ohm", "", (2, 1, -3, -2), 0),
    ("siemens", "S", (-2, -1, 3, 2), 0),
    ("farad", "F", (-2, -1, 4, 2), 0),
    ("hertz", "Hz", (0, 0, -1), 0),
    ("mole", "mol", (0, 0, 0, 0, 0, 1), 0),
    ("molar", "M", (-3, 0, 0, 0, 0, 1), 3),
    ("litre liter", "L", (3,), -3),
    ("kelvin", "K", (0, 0, 0, 0, 1), 0),
    ("newton", "N", (1, 1, -2), 0),
    ("joule", "J", (2, 1, -2), 0),
    ("watt", "W", (2, 1, -3), 0),
    ("pascal", "Pa", (-1, 1, -2), 0),
)


def _dimension(powers) -> Halves:
    return tuple(2 * p for p in powers) + (0,) * (7 - len(powers))  # type: ignore[return-value]


def _make(powers, exponent: int, name: str) -> Unit:
    internal = sum(p * e for p, e in zip(powers, _INTERNAL))
    return Unit(_dimension(powers), internal + exponent, name)


def _fill(space: dict) -> None:
    for longs, short, powers, exponent in _SYMBOLS:
        for name in [*longs.split(), *([short] if short else [])]:
            for prefix, power in _PREFIXES.items():
                space[prefix + name] = _make(powers, exponent + power, prefix + name)
    for name in ("metre", "meter", "m"):
        space["c" + name] = _make((1,), -2, "c" + name)
    space["kilogram"] = space["kgram"]
    space["candela"] = space["cd"] = _make((0, 0, 0, 0, 0, 0, 1), 0, "candela")
    for names, seconds in (("minute min", 60), ("hour h", 3600), ("day", 86400)):
        for name in names.split():
            space[name] = Quantity(1000.0 * seconds, _dimension((0, 0, 1)))


_fill(globals())
__all__ = [
    name
    for name, value in list(globals().items())
    if isinstance(value, Quantity) and len(name) > 1 and name != "min"
]
