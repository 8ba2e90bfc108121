"""Code on clocks of its own: a drive that is renewed every 10 ms, and synapses that decay every 5 ms."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (drive + g - v)/(10*ms) : 1
                           dg/dt = -g/(5*ms) : 1
                           drive : 1""", threshold="v > 1", reset="v = 0", method="exact")
cells.drive = "1.2 + 0.01*i"
cells.run_regularly("drive = 1.1 + 0.3*sin(t/(20*ms) + i)", dt=10*ms)
plastic = Synapses(cells, cells, "w : 1", on_pre="g_post += w; w += 0.01", delay=1*ms)
plastic.connect(condition="j == (i + 1) % 20")
plastic.w = 0.1
plastic.run_regularly("w *= 0.9", dt=5*ms)
