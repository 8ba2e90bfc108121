#!/usr/bin/env python3
"""One digest for every target: runs networks on the reference and as code for x86-64-v1, v2, v3 and
v4, and on aarch64 under qemu-user, and prints a table of the digests.

  tests/targets/targets.py
  tests/targets/targets.py --here               # only this machine, at every level
  tests/targets/targets.py --json
  tests/targets/targets.py --inject corrupt     # a digest is changed, which must be noticed

On aarch64 the interpreter runs as the cross compiler made it, and the code of the kernels and of the
synapses is what LLVM makes here for that machine: an object, linked and called by a small engine
(tests/targets/foreign). It shows that both give the digest of this machine; runtime/ and its threads
do not run there. Debian has what that needs: qemu-user, g++-aarch64-linux-gnu and, of the
architecture arm64, libabsl-dev, which tests/targets/sysroot.sh unpacks into --sysroot. Where
something is missing a loud line says so, and what to do.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LEVELS = ("x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4")
TRIPLE = "aarch64-linux-gnu"

# Networks, the values that make them small, and for how long they run.
NETWORKS = [
    {"file": "examples/networks/bnsyn.toml", "set": ["N=200"], "ms": 200, "dt_ms": 0.1},
    {"file": "examples/networks/coba.toml", "set": ["N=400", "p=0.2"], "ms": 100, "dt_ms": 0.1},
    {"file": "examples/networks/izhikevich.toml", "set": [], "ms": 200, "dt_ms": 1},
]


def run(words, **options):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **options)


def digest_here(bnsyn, network, backend, level=None):
    """The digest and the spikes, or an error."""
    words = [bnsyn, "run", TOP / network["file"], "--backend", backend, "--json", "--no-hint",
             "--no-cache", "--duration", f"{network['ms']}ms"]
    for value in network["set"]:
        words += ["--set", value]
    done = run(words, env=dict(os.environ, BNSYN_CPU=level or ""))
    if done.returncode != 0:
        return None, 0, (done.stderr.strip().splitlines() or ["failed"])[-1]
    report = json.loads(done.stdout)
    return report["digest"], report["spikes"], None


class Arm:
    """The cross compiler, qemu and the engine for aarch64."""

    def __init__(self, arguments):
        self.build = pathlib.Path(arguments.build)
        self.sysroot = pathlib.Path(arguments.sysroot)
        self.compiler = shutil.which(f"{TRIPLE}-g++")
        self.qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
        self.absl = next((path for path in (self.sysroot / "usr/lib" / TRIPLE / "cmake/absl",
                                            pathlib.Path("/usr/lib") / TRIPLE / "cmake/absl")
                          if path.exists()), None)
        self.foreign = TOP / "build" / "aarch64" / "foreign"

    def missing(self):
        if self.qemu is None:
            return "qemu-aarch64 is missing: apt-get install qemu-user"
        if self.compiler is None:
            return f"{TRIPLE}-g++ is missing: apt-get install g++-{TRIPLE}"
        if self.absl is None:
            return ("libabsl-dev of arm64 is missing: tests/targets/sysroot.sh "
                    f"{self.sysroot} unpacks it there")
        return None

    def make(self):
        """Builds the engine; an error, or None."""
        directory = self.foreign.parent
        configure = run(["cmake", "-S", TOP / "tests/targets/foreign", "-B", directory, "-G", "Ninja",
                         "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
                         f"-DCMAKE_CXX_COMPILER={self.compiler}", f"-Dabsl_DIR={self.absl}"])
        if configure.returncode != 0:
            return configure.stderr.strip()
        done = run(["cmake", "--build", directory])
        return None if done.returncode == 0 else done.stdout.strip()[-2000:]

    def digests(self, network, scratch):
        """The lines of the engine: by backend the digest and the spikes, or an error."""
        scratch.mkdir(parents=True, exist_ok=True)
        steps = round(network["ms"] / network["dt_ms"])
        done = run([self.build / "bin/emit_object", TOP / network["file"], TRIPLE, scratch]
                   + network["set"])
        if done.returncode != 0:
            return None, done.stderr.strip()
        linked = run([f"{TRIPLE}-gcc", "-shared", "-o", scratch / "code.so", scratch / "code.o"])
        if linked.returncode != 0:
            return None, linked.stderr.strip()
        done = run([self.qemu, "-L", f"/usr/{TRIPLE}", "-E",
                    f"LD_LIBRARY_PATH={self.absl.parent.parent}", self.foreign, scratch / "program.ir",
                    scratch / "placed.ir", scratch / "code.so", steps])
        if done.returncode != 0:
            return None, done.stderr.strip() or f"ended with {done.returncode}"
        return {line.split()[0]: (line.split()[1], int(line.split()[2]))
                for line in done.stdout.splitlines()}, None


def rows_of(network, arguments, arm):
    bnsyn = pathlib.Path(arguments.build) / "bin/bnsyn"
    rows = []

    def add(target, engine, digest, spikes, error):
        if arguments.inject == "corrupt" and target == "x86-64-v2":
            digest = digest and digest[::-1]
        rows.append({"network": pathlib.Path(network["file"]).stem, "target": target,
                     "engine": engine, "digest": digest, "spikes": spikes, "error": error})

    add("this machine", "reference", *digest_here(bnsyn, network, "reference"))
    add("this machine", "accelerated", *digest_here(bnsyn, network, "accelerated"))
    for level in LEVELS:
        add(level, "accelerated", *digest_here(bnsyn, network, "accelerated", level))
    if arm is not None:
        scratch = TOP / "build" / "aarch64" / "networks" / rows[0]["network"]
        digests, error = arm.digests(network, scratch)
        for backend in ("reference", "accelerated"):
            digest, spikes = (digests or {}).get(backend, (None, 0))
            add("aarch64 (qemu)", backend, digest, spikes, error)
    expected = rows[0]["digest"]
    for row in rows:
        lacks = row["error"] is not None and "this machine has no" in row["error"]
        row["left_out"] = lacks
        row["equal"] = row["digest"] is not None and row["digest"] == expected and row["spikes"] > 0
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(TOP / "build" / "release"))
    parser.add_argument("--sysroot", default=str(TOP / "build" / "arm64-sysroot"),
                        help="where Debian's libabsl-dev of arm64 is unpacked")
    parser.add_argument("--here", action="store_true", help="only this machine, at every level")
    parser.add_argument("--inject", choices=["corrupt"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arm = None if arguments.here else Arm(arguments)
    problem = None if arm is None else arm.missing() or arm.make()
    if problem:
        arm = None
    rows = [row for network in NETWORKS for row in rows_of(network, arguments, arm)]
    if arguments.json:
        print(json.dumps({"rows": rows, "aarch64": problem or (arm is not None)}, indent=1))
    else:
        print(f"{'network':12} {'target':16} {'engine':12} {'spikes':>8}  {'digest':32}")
        for row in rows:
            said = ("" if row["equal"] else f"  left out: {row['error']}" if row["left_out"]
                    else f"  NOT EQUAL {row['error'] or ''}")
            print(f"{row['network']:12} {row['target']:16} {row['engine']:12} {row['spikes']:8}  "
                  f"{row['digest'] or '':32}{said}")
    if problem:
        print(f"\n{'!' * 80}\n!! aarch64 WAS NOT RUN: {problem}\n{'!' * 80}", file=sys.stderr)
    sys.exit(0 if all(row["equal"] or row["left_out"] for row in rows) else 1)


if __name__ == "__main__":
    main()
