#!/usr/bin/env python3
"""Installs a build into a fresh prefix, and uses it from outside: outside.py BUILD COMPILER

Moves the prefix once, builds the project of this folder with find_package and once more with
pkg-config, runs both, runs the installed command, reads its manual, and completes words in bash.
"""
import os
import pathlib
import shutil
import subprocess
import sys

from installed import HERE, NETWORK, check, digests, run


def find(prefix, name):
    found = sorted(prefix.rglob(name))
    check(found, f"{prefix} has no {name}")
    return found[0]


def install(build, work):
    """A prefix that is not where it was installed."""
    shutil.rmtree(work, ignore_errors=True)
    run("cmake", "--install", build, "--prefix", work / "first")
    return (work / "first").rename(work / "prefix")


def with_cmake(prefix, work, compiler):
    folder = work / "cmake"
    run("cmake", "-S", HERE, "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={compiler}")
    found = run("grep", "bnsyn_DIR", folder / "CMakeCache.txt")
    check(str(prefix) in found, f"another bnsyn was found: {found}")
    run("cmake", "--build", folder)
    return run(folder / "outside", prefix / NETWORK)


def with_pkg_config(prefix, work, compiler):
    library = find(prefix, "libbnsyn.so").parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(library / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "bnsyn", env=environment).split()
    program = work / "outside"
    run(compiler, "-std=c++20", HERE / "outside.cc", "-o", program, *flags)
    return run(program, prefix / NETWORK,
               env={**os.environ, "LD_LIBRARY_PATH": str(library)})


def check_version(prefix, build):
    version = run(prefix / "bin/bnsyn", "--version").split()[-1]
    library = find(prefix, "libbnsyn.so").resolve()
    check(library.name == f"libbnsyn.so.{version}", f"{library} has not the version {version}")
    soname = f"[libbnsyn.so.{version.split('.')[0]}]"
    check(soname in run("readelf", "-d", library), f"the soname of {library} is not {soname}")
    runpath = [line for line in run("readelf", "-d", library, prefix / "bin/bnsyn").splitlines()
               if "RUNPATH" in line or "RPATH" in line]
    check(not runpath, f"installed files look for libraries in folders of {build}: {runpath}")


def check_command(prefix):
    """The examples run as --help writes them, from share/bnsyn."""
    output = run(prefix / "bin/bnsyn", "run", "examples/networks/bnsyn.toml", "--duration", "50ms",
                 "--backend", "both", "--no-cache", cwd=prefix / "share/bnsyn")
    check("the digests are equal" in output, output)
    models = run(prefix / "bin/bnsyn", "models")
    for model in (prefix / "share/bnsyn/models").glob("*.toml"):
        check(model.stem in models, f"the command has no model {model.stem}")


def check_manual(prefix):
    page = find(prefix, "bnsyn.1")
    if shutil.which("man") is None or shutil.which("groff") is None:
        print("man or groff is missing: the manual is not formatted")
        return
    shown = run("man", "--warnings", "-P", "cat", "-l", page,
                env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
    for part in ("bnsyn run NETWORK", "--backend NAME", "--threads N", "bnsyn diff"):
        check(part in shown, f"the manual does not say '{part}':\n{shown}")
    check("warning" not in shown, f"troff warns:\n{shown}")


COMPLETE = """
source {file}
COMP_WORDS=({words} "")
COMP_WORDS[-1]={last}
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_bnsyn
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def check_completion(prefix):
    file = find(prefix, "bash-completion") / "completions/bnsyn"

    def complete(words, last, expected):
        script = COMPLETE.format(file=file, words=words, last=last or "''")
        offered = run("bash", "-c", script, cwd=prefix).split()
        check(sorted(offered) == sorted(expected), f"bash completes '{words} {last}' with {offered}")

    complete("bnsyn", "ver", ["verify"])
    complete("bnsyn run net.toml", "--back", ["--backend"])
    complete("bnsyn run --backend", "", ["reference", "accelerated", "both"])
    complete("bnsyn run --threads", "", [])
    complete("bnsyn run", "share/bnsyn/examples/networks/cob", [
        str(path.relative_to(prefix))
        for path in prefix.glob("share/bnsyn/examples/networks/cob*")])
    zsh = find(prefix, "_bnsyn")
    check(zsh.read_text().startswith("#compdef bnsyn"), f"{zsh} is no completion of zsh")
    if shutil.which("zsh") is not None:
        subprocess.run(["zsh", "-n", str(zsh)], check=True)


def main(build, compiler):
    build = pathlib.Path(build).resolve()
    work = build / "outside"
    prefix = install(build, work)
    check_version(prefix, build)
    check_command(prefix)
    check_manual(prefix)
    check_completion(prefix)
    by_cmake = with_cmake(prefix, work, compiler)
    by_pkg_config = with_pkg_config(prefix, work, compiler)
    check(digests(by_cmake) == digests(by_pkg_config), f"{by_cmake}\nis not\n{by_pkg_config}")
    print(by_cmake, end="")
    print("installed, moved, and used with CMake and with pkg-config")


if __name__ == "__main__":
    main(*sys.argv[1:])
