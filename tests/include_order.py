#!/usr/bin/env python3
"""Checks that dependencies point one way: include_order.py SOURCE_DIR

A file may include files of its own folder and of folders that stand before it in FLOORS. No header
may include itself through others. Prints each include that breaks this, and exits with 1.
"""
import pathlib
import re
import sys

FLOORS = [
    "include",
    "ir",
    "reference",
    "statistics",
    "compiler",  # options.h
    "compiler/analysis",
    "compiler/language",
    "compiler/description",
    "compiler/equations",
    "compiler/schedule",
    "compiler/passes",
    "compiler/lowering",
    "compiler/emission",
    "compiler/connect",
    "runtime/memory",
    "runtime/deferral",
    "runtime/delivery",
    "runtime/exchange",
    "runtime/construction",
    "runtime",
    "recording",
    "tools",
    "python",
]
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def floor_of(path):
    """The number of the floor of a file, or None if its folder has none."""
    parts = path.split("/")
    inner = parts[0] in ("compiler", "runtime") and len(parts) > 2
    folder = "/".join(parts[:2]) if inner else parts[0]
    return FLOORS.index(folder) if folder in FLOORS else None


def main(root):
    files = [
        str(file.relative_to(root))
        for top in sorted({floor.split("/")[0] for floor in FLOORS})
        for file in sorted((root / top).rglob("*"))
        if file.suffix in (".cc", ".h")
    ]
    known = set(files)
    problems = []
    includes = {}
    for file in files:
        own = floor_of(file)
        if own is None:
            problems.append(f"{file}: its folder is on no floor; add it to FLOORS in {__file__}")
            continue
        includes[file] = []
        for name in INCLUDE.findall((root / file).read_text()):
            # Public headers are found below include/.
            target = name if name in known else f"include/{name}"
            if target not in known:
                continue
            includes[file].append(target)
            floor = floor_of(target)
            if floor is not None and floor > own:
                problems.append(f"{file} includes {target}, which stands above {FLOORS[own]}")

    done = set()

    def visit(file, path):
        if file in path:
            problems.append("a circle: " + " -> ".join(path[path.index(file):] + [file]))
            return
        if file in done:
            return
        for target in includes.get(file, []):
            visit(target, path + [file])
        done.add(file)

    for file in files:
        visit(file, [])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
