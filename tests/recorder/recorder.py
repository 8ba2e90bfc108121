#!/usr/bin/env python3
"""Shows that a change of the compiler changes nothing that it makes.

    tests/recorder/recorder.py record before.json                # with build/release/bin/bnsyn
    tests/recorder/recorder.py compare before.json               # exit code 1 if anything differs
    tests/recorder/recorder.py compare before.json --only coba   # files whose path contains "coba"

For every network of examples/networks, tests/cases/networks and tests/replay it notes the digest
after a short run, a hash of the program after the last pass, and a hash of the assembly of each
kernel. `compare` says which of them differ, file by file.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("examples/networks", "tests/cases/networks", "tests/replay")
DURATION = "20 ms"


def networks(only):
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).iterdir())
             if path.suffix in (".toml", ".ir")]
    return [path for path in paths if only in str(path)]


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def bnsyn(command, *arguments):
    result = subprocess.run([command, *arguments], capture_output=True, text=True, cwd=ROOT)
    if result.returncode != 0:
        sys.exit(f"{command} {' '.join(arguments)}:\n{result.stderr}")
    return result.stdout


def kernels_of(assembly):
    """A hash of the instructions of each function, without what tells where they stand."""
    code = {}
    name = None
    for line in assembly.splitlines():
        label = re.match(r'"?((?:kernel|deliver)\.[^":]*)"?:', line)
        if label:
            name = label[1]
            code[name] = []
        elif line.startswith(".Lfunc_end"):
            name = None
        elif name is not None:
            code[name].append(re.sub(r"\.L[A-Z]+\d+_", ".L_", line))
    return {name: hash_of("\n".join(lines)) for name, lines in sorted(code.items())}


def record_of(command, path):
    file = str(path.relative_to(ROOT))
    run = bnsyn(command, "run", file, "--backend", "accelerated", "--duration", DURATION,
                "--json", "--no-hint")
    return {
        "digest": re.search(r'"digest": *"([0-9a-f]{32})"', run)[1],
        "program": hash_of(bnsyn(command, "dump", file, "--stage", "place")),
        "kernels": kernels_of(bnsyn(command, "dump", file, "--stage", "asm")),
    }


def differences(before, after):
    """Lines that say what differs between two records of one file."""
    lines = [f"{what} differs" for what in ("digest", "program") if before[what] != after[what]]
    old, new = before["kernels"], after["kernels"]
    lines += [f"{name} is gone" for name in old if name not in new]
    lines += [f"{name} is new" for name in new if name not in old]
    lines += [f"{name} differs" for name in old if name in new and old[name] != new[name]]
    return lines


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("records", help="the JSON file to write or to compare with")
    parser.add_argument("--bnsyn", default=str(ROOT / "build/release/bin/bnsyn"))
    parser.add_argument("--only", default="", help="only files whose path contains this")
    arguments = parser.parse_args()

    records = {str(path.relative_to(ROOT)): record_of(arguments.bnsyn, path)
               for path in networks(arguments.only)}
    if arguments.action == "record":
        pathlib.Path(arguments.records).write_text(json.dumps(records, indent=1) + "\n")
        print(f"{len(records)} networks recorded in {arguments.records}")
        return 0

    before = json.loads(pathlib.Path(arguments.records).read_text())
    different = 0
    for file, record in records.items():
        lines = differences(before[file], record) if file in before else ["is new"]
        different += bool(lines)
        print(f"{'DIFFERS' if lines else 'same':8} {file}")
        for line in lines:
            print(f"           {line}")
    gone = [file for file in before if arguments.only in file and file not in records]
    for file in gone:
        print(f"GONE     {file}")
    print(f"{len(records)} networks, {different + len(gone)} with a difference")
    return 1 if different or gone else 0


if __name__ == "__main__":
    sys.exit(main())
