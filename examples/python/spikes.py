#!/usr/bin/python3
"""Reads a recording from a pipe, and prints the rate of each population in each 100 ms:

bnsyn run NET.toml --out - --format binary | examples/python/spikes.py

docs/recording.md has the layout of the bytes. Needs nothing but Python.
"""

import collections
import json
import struct
import sys

END = 0xFFFFFFFF
WINDOW_MS = 100


def read(stream, size):
    data = stream.read(size)
    if len(data) != size:
        sys.exit("the recording ends in the middle: was the run killed?")
    return data


def blocks(stream):
    """The records, then (number of a record, its items) until the run ends."""
    if read(stream, 8) != b"bnsynrec":
        sys.exit("this is no recording of `bnsyn run --out - --format binary`")
    _, length = struct.unpack("<II", read(stream, 8))
    records = json.loads(read(stream, length))
    yield records
    while True:
        record, count = struct.unpack("<II", read(stream, 8))
        if record == END:
            struct.unpack("<Q", read(stream, 8))
            return
        of = records[record]
        if of["kind"] == "spikes":
            form = "<QdII"
        else:
            form = "<Qd" + str(of["width"]) + {"<f8": "d", "<f4": "f", "<i8": "q"}[of["type"]]
        items = struct.iter_unpack(form, read(stream, count * struct.calcsize(form)))
        yield record, list(items)


def main():
    stream = blocks(sys.stdin.buffer)
    records = next(stream)
    counts = collections.Counter()
    for record, items in stream:
        if records[record]["kind"] != "spikes":
            continue
        names = records[record]["populations"]
        for _, time, population, _ in items:
            counts[int(time // WINDOW_MS), names[population]] += 1
    sizes = {name: size for r in records if r["kind"] == "spikes" for name, size in zip(r["populations"], r["sizes"])}
    for (window, name), count in sorted(counts.items()):
        rate = count / sizes[name] / (WINDOW_MS / 1000)
        print(f"{window * WINDOW_MS:6d} ms  {name:10s} {rate:8.2f} Hz")


if __name__ == "__main__":
    main()
