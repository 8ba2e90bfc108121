#!/usr/bin/env python3
"""Runs the tests of a build with BNSYN_COVERAGE and prints which lines of the libraries ran.

    tests/coverage.py build/coverage             # a table of folders; 1 if one is below the limit
    tests/coverage.py build/coverage --only ir   # after this test alone (an expression of ctest)
    tests/coverage.py build/coverage --no-tests --lines compiler/passes/fuse.cc   # what did not run

Lines are those that gcov of g++ counts: of the sources and headers of the folders below. A line of
a template counts as run if it ran for any of its types.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["ir", "reference", "compiler", "runtime"]
# These run networks for long, on code that shorter tests cover, or processes that are killed.
LONG = "^(fuzz|faults|schedules|verify_examples|digests_.*|microcircuit|levels)$"


def run_tests(build, only, jobs):
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    choice = ["-R", only] if only else ["-E", LONG]
    subprocess.run(["ctest", "--test-dir", build, "--no-tests=error", "-j", str(jobs)] + choice,
                   stdout=sys.stderr, check=False)


def lines_of(build, jobs):
    """A dictionary {file: {line: how often it ran}} of the sources of the project."""
    notes = sorted(note for folder in FOLDERS for note in (build / folder).rglob("*.gcno"))
    # Sources of which nothing ran have notes and no counts.
    waiting = [notes[i::jobs] for i in range(jobs)]
    gcov = shutil.which("gcov-12") or "gcov"
    running = [subprocess.Popen([gcov, "--json-format", "--stdout", *map(str, part)], cwd=build,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
               for part in waiting if part]
    lines = {}
    for process in running:
        for report in process.communicate()[0].splitlines():
            report = json.loads(report)
            base = pathlib.Path(report["current_working_directory"])
            for file in report["files"]:
                path = os.path.relpath(os.path.normpath(base / file["file"]), SOURCE)
                if path.split("/")[0] not in FOLDERS:
                    continue
                counts = lines.setdefault(path, {})
                for line in file["lines"]:
                    number = line["line_number"]
                    counts[number] = counts.get(number, 0) + line["count"]
    return lines


def part(lines):
    counts = [count for file in lines for count in file.values()]
    return sum(count > 0 for count in counts), len(counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0],
                                     epilog="example: tests/coverage.py build/coverage --least 92")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--least", type=float, default=92, help="per cent of each folder (92)")
    parser.add_argument("--only", metavar="TESTS",
                        help="an expression of ctest -R; without it, all tests but the long ones")
    parser.add_argument("--no-tests", action="store_true", help="look at what has run before")
    parser.add_argument("--lines", metavar="FILE", help="print lines of FILE that did not run")
    parser.add_argument("--files", type=int, default=15, help="files of the second table (15)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args()
    build = options.build.resolve()
    if not options.no_tests:
        run_tests(build, options.only, options.jobs)
    lines = lines_of(build, options.jobs)
    if not lines:
        sys.exit(f"error: {build} has no counts; build it with cmake --preset coverage")
    if options.lines:
        text = (SOURCE / options.lines).read_text().splitlines()
        for number, count in sorted(lines.get(options.lines, {}).items()):
            if count == 0:
                print(f"{options.lines}:{number}: {text[number - 1]}")
        return
    rows = []
    for folder in FOLDERS:
        here = [counts for path, counts in lines.items() if path.startswith(folder + "/")]
        ran, every = part(here)
        percent = 100 * ran / max(every, 1)
        rows.append({"folder": folder, "lines": every, "ran": ran, "percent": percent})
    low = [row["folder"] for row in rows if row["percent"] < options.least]
    if options.json:
        print(json.dumps({"least": options.least, "folders": rows}, indent=2))
        sys.exit(1 if low else 0)
    print(f"{'folder':<12}{'lines':>8}{'ran':>8}{'%':>8}")
    for row in rows:
        print(f"{row['folder']:<12}{row['lines']:>8}{row['ran']:>8}{row['percent']:>8.1f}"
              + ("  below the limit" if row["folder"] in low else ""))
    missing = {path: len(counts) - part([counts])[0] for path, counts in lines.items()}
    print("\nlines that did not run, of the files with most of them:")
    for path, count in sorted(missing.items(), key=lambda item: -item[1])[:options.files]:
        print(f"{count:>8} of {len(lines[path]):<6} {path}")
    if low:
        sys.exit(f"error: less than {options.least} % of the lines of {', '.join(low)} ran; "
                 "--lines FILE prints those that did not")


if __name__ == "__main__":
    main()
