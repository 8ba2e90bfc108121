"""Synapses that add to their sources: a sum over the targets in every step, and what arrivals find."""
from brian2 import *

sources = NeuronGroup(3, """dv/dt = (1.2 + 0.1*i + 0.3*s - v)/(10*ms) : 1
                            s : 1
                            g : 1""", threshold="v > 1", reset="v = 0", method="euler")
targets = NeuronGroup(4, "dx/dt = (sin(2*pi*20*Hz*t + i) - x)/(5*ms) : 1", method="euler")
synapses = Synapses(sources, targets, "s_pre = 0.1*x_post : 1 (summed)", on_pre="g_pre += 1 + x_post", delay=1*ms)
synapses.connect(condition="i != j")
