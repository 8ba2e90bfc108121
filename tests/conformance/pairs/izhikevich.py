"""Izhikevich neurons of several kinds by forward Euler, joined by pulses without delay."""
from brian2 import *

cells = NeuronGroup(40, """
dv/dt = (0.04*v**2 + 5*v + 140 - u + drive)/ms : 1
du/dt = 0.02*(b*v - u)/ms : 1
b : 1 (constant)
c : 1 (constant)
drive : 1 (constant)
""", threshold="v >= 30", reset="v = c; u += 6", method="euler")
cells.v = -65
cells.b = "0.2 + 0.001*(i % 5)"
cells.c = "-65 + (i % 10)"
cells.u = "b*v"
cells.drive = "6 + 0.3*i"
excite = Synapses(cells, cells, on_pre="v_post += 0.5")
excite.connect(condition="(i*7 + j*3) % 11 == 0 and i != j")
