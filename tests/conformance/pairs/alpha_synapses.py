"""Alpha-shaped currents with two equations each, integrated exactly, delays of 0.7 ms."""
from brian2 import *

cells = NeuronGroup(30, """
dv/dt = (s + drive - v)/(10*ms) : 1
ds/dt = (x - s)/(3*ms) : 1
dx/dt = -x/(3*ms) : 1
drive : 1 (constant)
""", threshold="v > 1", reset="v = 0", method="exact")
cells.drive = "0.8 + 0.03*i"
excite = Synapses(cells, cells, on_pre="x_post += 0.8", delay=0.7*ms)
excite.connect(condition="(i + 2*j) % 9 == 0")
