#!/usr/bin/env python3
"""A balanced network of 4000 neurons, from nothing to a picture: twenty_lines.py [PICTURE.png]

The lines between the two rules are those of README.md and docs/python.md, word for word.
"""
import sys

import matplotlib

matplotlib.use("Agg")
# --------------------------------------------------------------------------------------------------
import bnsyn as bn, numpy as np
from bnsyn.units import mV, ms, nS, pA, second
net = bn.Network(dt=0.1*ms, seed=42)
cell = bn.Model("""dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) + I)/(200*pF) : volt (unless refractory)
                   dge/dt = -ge/(5*ms) : siemens
                   dgi/dt = -gi/(10*ms) : siemens
                   I : amp""", threshold="v > -50*mV", reset="v = -60*mV", refractory=5*ms)
cells = net.population("cells", 4000, cell, v="normal(-65*mV, 5*mV)", I=200*pA)
exc, inh = cells[:3200], cells[3200:]
net.connect(exc, cells, on_pre="ge += w", p=0.02, w=6*nS, delay="uniform(0.5*ms, 3*ms)")
net.connect(inh, cells, on_pre="gi += w", p=0.02, w=67*nS, delay=0.8*ms)
trace = net.record(cells[:5].v, every=0.5*ms)
sim = net.compile(threads=2)                  # milliseconds, or an error with a caret
sim.run(1*second, progress=True); sim         # in a notebook: rates, digest, time by kernel
t, i = sim.spikes(cells)                      # arrays without copies
sim.plot.raster(cells); trace.plot()          # matplotlib axes
here = sim.save(); sim["I"][:] = 250*pA; sim.run(1*second); sim.restore(here)
# --------------------------------------------------------------------------------------------------
print(sim)
if len(sys.argv) > 1:
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, figsize=(8, 6), height_ratios=[3, 1])
    sim.plot.raster(cells, above)
    trace.plot(below)
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=120)
