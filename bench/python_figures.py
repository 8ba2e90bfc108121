#!/usr/bin/python3
"""Prints what the package for Python costs: its import, its compilation, its measuring of kernels.

    PYTHONPATH=build/release/python /usr/bin/python3 bench/python_figures.py

Times are the least of alternating runs, in processor time, which other programs disturb little.
"""
import os
import resource
import subprocess
import sys
import tempfile
import time

import bnsyn as bn
from bnsyn.units import ms, nS, pA

ROUNDS = 9


def of_process(code, **environment):
    """The seconds of processor time of a Python that runs code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-B", "-c", code], check=True,
                   env={**os.environ, **environment})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_call(call):
    begin = time.process_time()
    call()
    return time.process_time() - begin


def least(*arms):
    """The least seconds of each, of rounds in which all take turns."""
    rounds = [[arm() for arm in arms] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds)]


def twenty_lines():
    cell = bn.Model(
        """dv/dt = (10*nS*(-60*mV - v) + drive + I)/(200*pF) : volt (unless refractory)
           drive = ge*(0*mV - v) + gi*(-80*mV - v) : amp
           dge/dt = -ge/(5*ms) : siemens
           dgi/dt = -gi/(10*ms) : siemens
           I : amp""",
        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms)
    net = bn.Network(dt=0.1 * ms, seed=42)
    cells = net.population("cells", 4000, cell, v="normal(-65*mV, 5*mV)", I=200 * pA)
    net.connect(cells[:3200], cells, on_pre="ge += w", p=0.02, w=6 * nS,
                delay="uniform(0.5*ms, 3*ms)")
    net.connect(cells[3200:], cells, on_pre="gi += w", p=0.02, w=67 * nS, delay=0.8 * ms)
    return net


def main():
    numpy, package, extension = least(
        lambda: of_process("import numpy"),
        lambda: of_process("import numpy, bnsyn, bnsyn.units"),
        lambda: of_process("import numpy, bnsyn, bnsyn.units, bnsyn._core"),
    )
    print(f"import numpy                          {1e3 * numpy:7.1f} ms")
    print(f"import bnsyn, beyond that             {1e3 * (package - numpy):7.1f} ms")
    print(f"the compiler, when first used         {1e3 * (extension - package):7.1f} ms")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BNSYN_CACHE"] = cache
        net = twenty_lines()
        anew, cached = least(lambda: of_call(lambda: net.compile(cache=False)),
                             lambda: of_call(net.compile))
        measured, plain = net.compile(), net.compile(profile=False)
        with_profile, without = least(lambda: of_call(lambda: measured.run(100 * ms)),
                                      lambda: of_call(lambda: plain.run(100 * ms)))
    print(f"the twenty lines, compiled and drawn  {1e3 * anew:7.1f} ms")
    print(f"the same with code from the cache     {1e3 * cached:7.1f} ms")
    print(f"profile=True, on 0.1 s of them        {100 * (with_profile / without - 1):+7.1f} %")
    assert measured.spike_count() == plain.spike_count() > 0


if __name__ == "__main__":
    main()
