#!/usr/bin/env python3
"""Compares numbers of the language with Python's, to the last bit, on both backends.

    python_numbers.py BNSYN

Floats: x % y and x // y of pairs of all ratios and signs, denormals among them. Integers: + - * //
% of pairs over all 64 bits. A result beyond them would stop the run, so that a choice leaves it out.
"""
import csv
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

COUNT = 3000
LEAST, GREATEST = -2**63, 2**63 - 1


def floats(draw):
    """Numbers of all magnitudes, and neighbours of whole multiples of each other."""
    def number():
        kind = draw.randrange(6)
        if kind == 0:
            return draw.uniform(-100, 100)
        if kind == 1:
            return float(draw.randrange(-20, 21))
        if kind == 2:
            return math.ldexp(draw.uniform(-1, 1), draw.randrange(-1074, 1024))
        if kind == 3:
            return math.ldexp(float(draw.randrange(1, 2**20)), -1074) * draw.choice([1, -1])
        if kind == 4:
            return float(draw.randrange(-2**53, 2**53))
        bits = draw.randrange(2**64)
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        return value if math.isfinite(value) else 1.0
    while True:
        x, y = number(), number()
        if draw.randrange(4) == 0:
            x = y * draw.randrange(-1000, 1000)
            x = math.nextafter(x, draw.choice([-math.inf, math.inf])) if draw.randrange(2) else x
        if y != 0 and math.isfinite(x):
            return x, y


def integers(draw):
    def number():
        size = draw.choice([4, 8, 31, 32, 33, 53, 54, 62, 63])
        return draw.randrange(-2**size, 2**size)
    return number(), draw.choice([number(), number() or 1, draw.choice([-1, 1, 2, 3, 1024])])


def write_columns(path, columns):
    with open(path, "w", encoding="ascii") as out:
        writer = csv.writer(out)
        writer.writerow(columns.keys())
        writer.writerows(zip(*columns.values()))


FLOATS = """
network = {{ dt = "0.1 ms", duration = "0.1 ms", math = "strict" }}
[models.m]
equations = \"\"\"
x : 1 (constant)
y : 1 (constant)
r : 1
q : 1
\"\"\"
# Results that are denormal or not finite are not kept by a variable.
update = "a = x % y; r = a*1e150 if abs(a) < 1e-150 else a; b = x // y; q = b if abs(b) < 1e308 else 0"
[populations.p]
model = "m"
size = {count}
initial = {{ x = 'file("pairs.csv", "x")', y = 'file("pairs.csv", "y")' }}
"""

INTEGERS = """
network = {{ dt = "0.1 ms", duration = "0.1 ms" }}
[models.m]
equations = \"\"\"
a : integer (constant)
b : integer (constant)
fits_sum : integer (constant)
fits_difference : integer (constant)
fits_product : integer (constant)
sum : integer
difference : integer
product : integer
quotient : integer
remainder : integer
less : integer
greatest : integer
\"\"\"
update = \"\"\"
sum = a + b if fits_sum == 1 else 0
difference = a - b if fits_difference == 1 else 0
product = a*b if fits_product == 1 else 0
quotient = a // b if b != 0 else 0
remainder = a % b if b != 0 else 0
less = int(a < b) + 2*int(a == b)
greatest = max(a, b) - (1 if b > 0 else 0)
\"\"\"
[populations.p]
model = "m"
size = {count}
[tables]
columns = {{ file = "integers.csv" }}
[populations.p.initial]
"""


def run(bnsyn, backend, network, names, directory):
    out = os.path.join(directory, "out_" + backend)
    record = [word for name in names for word in ("--record", "p." + name)]
    subprocess.run([bnsyn, "run", network, "--backend", backend, "--no-cache", "--out", out, *record],
                   check=True, stdout=subprocess.DEVNULL)
    values = {}
    for name in names:
        with open(os.path.join(out, f"p.{name}.csv"), encoding="ascii") as file:
            values[name] = list(csv.reader(file))[-1][1:]
    return values


def check(bnsyn, network, expected, parse, directory):
    failures = 0
    for backend in ("reference", "accelerated"):
        values = run(bnsyn, backend, network, expected.keys(), directory)
        for name, numbers in expected.items():
            for i, (got, right) in enumerate(zip(values[name], numbers, strict=True)):
                if parse(got) == right:
                    continue
                failures += 1
                if failures < 20:
                    print(f"{backend}: {name} of pair {i} is {got}, Python has {right}")
    return failures


def main():
    bnsyn = sys.argv[1]
    draw = random.Random(16)
    with tempfile.TemporaryDirectory() as directory:
        pairs = [floats(draw) for _ in range(COUNT)]
        write_columns(os.path.join(directory, "pairs.csv"),
                      {"x": [repr(x) for x, _ in pairs], "y": [repr(y) for _, y in pairs]})
        network = os.path.join(directory, "floats.toml")
        with open(network, "w", encoding="ascii") as out:
            out.write(FLOATS.format(count=COUNT))
        rest = [x % y for x, y in pairs]
        quotients = [x // y for x, y in pairs]
        failures = check(bnsyn, network, {
            "r": [a * 1e150 if abs(a) < 1e-150 else a for a in rest],
            "q": [b if abs(b) < 1e308 else 0 for b in quotients],
        }, float, directory)

        pairs = [integers(draw) for _ in range(COUNT)]
        fits = lambda value: LEAST <= value <= GREATEST
        columns = {
            "a_high": [a >> 32 for a, _ in pairs], "a_low": [a & 0xffffffff for a, _ in pairs],
            "b_high": [b >> 32 for _, b in pairs], "b_low": [b & 0xffffffff for _, b in pairs],
            "fits_sum": [int(fits(a + b)) for a, b in pairs],
            "fits_difference": [int(fits(a - b)) for a, b in pairs],
            "fits_product": [int(fits(a * b)) for a, b in pairs],
        }
        write_columns(os.path.join(directory, "integers.csv"), columns)
        # A column holds doubles; halves of 32 bits make integers of 64.
        text = INTEGERS.format(count=COUNT)
        for name, high in (("a", 0), ("b", 2)):
            text += f"{name} = 'int(columns(i, {high}))*4294967296 + int(columns(i, {high + 1}))'\n"
        for number, name in enumerate(list(columns)[4:]):
            text += f"{name} = 'int(columns(i, {4 + number}))'\n"
        network = os.path.join(directory, "integers.toml")
        with open(network, "w", encoding="ascii") as out:
            out.write(text)
        failures += check(bnsyn, network, {
            "sum": [a + b if fits(a + b) else 0 for a, b in pairs],
            "difference": [a - b if fits(a - b) else 0 for a, b in pairs],
            "product": [a * b if fits(a * b) else 0 for a, b in pairs],
            "quotient": [a // b if b else 0 for a, b in pairs],
            "remainder": [a % b if b else 0 for a, b in pairs],
            "less": [int(a < b) + 2 * int(a == b) for a, b in pairs],
            "greatest": [max(a, b) - (1 if b > 0 else 0) for a, b in pairs],
        }, int, directory)
    print(f"{2 * COUNT} pairs, {failures} numbers differ from Python's")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
