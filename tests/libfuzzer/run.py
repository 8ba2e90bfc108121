#!/usr/bin/env python3
"""Runs the libFuzzer targets: run.py BUILD [--runs N] [--seconds S] [TARGET...]

Each target begins with seeds from the tests and the examples, and keeps what it finds in
BUILD/libfuzzer/TARGET. Prints a line for each target: the seeds, the inputs that were tried, the
edges of the code that they reach, and the file of an input that breaks what the target demands.
Exits with 1 if there is one.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "a" * 32  # of fuzz_cache.cc


def texts(*patterns):
    """The contents of the files of these patterns."""
    return [file.read_bytes() for pattern in patterns for file in sorted(ROOT.glob(pattern))]


def equations():
    """What stands between triple quotes behind `equations =` in network files."""
    quoted = re.compile(rb"equations\s*=\s*(?:\"\"\"|''')(.*?)(?:\"\"\"|''')", re.DOTALL)
    networks = texts("tests/cases/**/*.toml", "examples/networks/**/*.toml", "models/**/*.toml")
    return [text for network in networks for text in quoted.findall(network)]


def hash_of(text):
    """HashText of compiler/emission/object_cache.cc."""
    value = 0x6C62272E07BB014262B821756295C58D
    for byte in text:
        value = (value ^ byte) * ((1 << 88) + 0x13B) % (1 << 128)
    return b"%032x" % value


def cache_files():
    bodies = [b"%s %d\n%s" % (KEY.encode(), len(text), text) for text in (b"", b"code", b"\x7fELF" * 50)]
    return bodies + [b"bnsyn object 1\n%s\n%s" % (hash_of(body), body) for body in bodies]


def checkpoints(build):
    """Those of the network of fuzz_checkpoint.cc on its way: whole, and without their header."""
    whole = []
    for duration in ("0.1 ms", "0.5 ms", "2 ms"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [build / "bin" / "bnsyn", "run", ROOT / "tests/libfuzzer/checkpoint.toml",
                 "--duration", duration, "--checkpoint-every", "0.1 ms", "--out", folder,
                 "--no-hint"],
                check=True, stdout=subprocess.DEVNULL)
            whole.append((pathlib.Path(folder) / "run.checkpoint").read_bytes())
    return whole + [contents[96:] for contents in whole]


SEEDS = {
    "network": lambda _: texts("tests/cases/**/*.toml", "examples/networks/**/*.toml"),
    "equations": lambda _: equations(),
    "program": lambda _: texts("tests/cases/**/*.ir"),
    "cache": lambda _: cache_files(),
    "table": lambda _: texts("tests/**/*.csv"),
    "checkpoint": checkpoints,
}
MOST_BYTES = 20000


def run(build, target, arguments):
    """Runs a target; returns its line, and whether nothing broke."""
    work = build / "libfuzzer" / target
    seeds, found = work / "seeds", work / "found"
    for folder in (seeds, found):
        folder.mkdir(parents=True, exist_ok=True)
    contents = [text for text in dict.fromkeys(SEEDS[target](build)) if len(text) <= MOST_BYTES]
    for number, text in enumerate(contents):
        (seeds / f"{number:04}").write_bytes(text)
    command = [
        build / "bin" / f"fuzz_{target}",
        found,
        seeds,
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={work}/",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    command += [f"-runs={arguments.runs}"] if arguments.runs else []
    command += [f"-max_total_time={arguments.seconds}"] if arguments.seconds else []
    result = subprocess.run(command, cwd=build, stderr=subprocess.PIPE, check=False)
    log = result.stderr.decode(errors="replace")
    (work / "log").write_text(log)
    tried = re.findall(r"number_of_executed_units: (\d+)", log)
    edges = re.findall(r"cov: (\d+)", log)
    broken = re.findall(r"Test unit written to (\S+)", log)
    fine = result.returncode == 0
    end = "fine" if fine else f"BROKEN: {broken[-1] if broken else work / 'log'}"
    line = (
        f"{target:10} {len(contents):6} {tried[-1] if tried else '?':>9} "
        f"{edges[-1] if edges else '?':>7}  {end}"
    )
    return line, fine


def main():
    parser = argparse.ArgumentParser(description="runs the libFuzzer targets")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=0, help="inputs of each target")
    parser.add_argument("--seconds", type=int, default=0, help="the most time of each target")
    parser.add_argument("targets", nargs="*", default=[])
    arguments = parser.parse_args()
    if not arguments.runs and not arguments.seconds:
        parser.error("--runs or --seconds says how long")
    print(f"{'target':10} {'seeds':>6} {'inputs':>9} {'edges':>7}  end", flush=True)
    all_fine = True
    for target in arguments.targets or SEEDS:
        line, fine = run(arguments.build.resolve(), target, arguments)
        print(line, flush=True)
        all_fine = all_fine and fine
    return 0 if all_fine else 1


if __name__ == "__main__":
    sys.exit(main())
