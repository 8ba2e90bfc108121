#!/usr/bin/env python3
"""Checks what the shared library exports and calls: symbols.py LIBRARY SOURCES

It exports names of namespace bnsyn alone, none of a folder of the inside, and of each public header
what that declares. It never writes to the streams of its host, ends its process, or handles its
signals: it calls nothing that could.
"""
import pathlib
import re
import sys

from installed import check, run

NAMESPACE = 'namespace [[gnu::visibility("default")]] bnsyn {'
INSIDE = re.compile(r"\bbnsyn::(ir|reference|compiler|statistics|tools)::")
# What a library must leave to its host, by the names that the linker knows.
FORBIDDEN = {
    "writes to the host's streams": [
        "stdout", "stderr", "printf", "__printf_chk", "vprintf", "puts", "putchar", "perror",
        "psignal", "std::cout", "std::cerr", "std::clog"],
    "ends the host's process": [
        "exit", "_exit", "_Exit", "quick_exit", "abort", "kill", "raise", "__assert_fail",
        "std::set_terminate"],
    "handles the host's signals": [
        "signal", "sigaction", "sigprocmask", "pthread_sigmask", "llvm::sys::PrintStackTrace",
        "llvm::PrettyStackTrace", "llvm::InitLLVM", "llvm::errs", "llvm::outs",
        "absl::InstallFailureSignalHandler"],
}


def symbols(library, kind):
    """The demangled names of the dynamic symbols that are `--defined-only` or `--undefined-only`."""
    listed = run("nm", "-D", "-C", kind, library).splitlines()
    names = [re.sub(r"^[0-9a-f]* *\S ", "", line) for line in listed]
    return [re.sub(r"@+[\w.]+$", "", name) for name in names]


def check_exports(library, sources):
    names = [name for name in symbols(library, "--defined-only") if name != "BNSYN_0"]
    for name in ("bnsyn::Compile(", "bnsyn::ReadNetwork(", "bnsyn::Simulation::Step("):
        check(any(name in exported for exported in names), f"{library} does not export {name}")
    for name in names:
        check("bnsyn::" in name, f"{library} exports {name}")
        check(not INSIDE.search(name.split("(")[0]), f"{library} exports {name} of its inside")
        check("::Impl::" not in name, f"{library} exports {name} of its inside")
    for header in sorted((sources / "include/bnsyn").glob("*.h")):
        opened = [line for line in header.read_text().splitlines()
                  if re.match(r"namespace .*\bbnsyn\b.*\{", line)]
        check(all(line == NAMESPACE for line in opened),
              f"{header} opens the namespace without '{NAMESPACE}', so that hosts cannot link it")
    return len(names)


def check_calls(library):
    called = {re.sub(r"\(.*", "", name) for name in symbols(library, "--undefined-only")}
    check("memcpy" in called or "malloc" in called, f"nm shows no calls of {library}")
    for what, names in FORBIDDEN.items():
        for name in names:
            found = [call for call in called if call == name or call.startswith(name + "::")]
            check(not found, f"{library} calls {found}: it {what}")
    return len(called)


def main(library, sources):
    exported = check_exports(library, pathlib.Path(sources))
    print(f"{library} exports {exported} names and calls {check_calls(library)}: none is wrong")


if __name__ == "__main__":
    main(*sys.argv[1:])
