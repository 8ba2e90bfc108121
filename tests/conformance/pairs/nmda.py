"""Saturating NMDA receptors: clock-driven equations of each synapse, summed at the target."""
from brian2 import *

sources = NeuronGroup(10, "dv/dt = (1.2 + 0.1*i - v)/(20*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(5, """dv/dt = (0.5 + 0.05*i + total - v)/(20*ms) : 1
                            total : 1""", threshold="v > 1", reset="v = 0", method="euler")
receptors = Synapses(sources, targets, """total_post = 0.2*s : 1 (summed)
                                          ds/dt = -s/(100*ms) + 0.5*x*(1 - s)/ms : 1 (clock-driven)
                                          dx/dt = -x/(2*ms) : 1 (clock-driven)""",
                     on_pre="x += 0.3", delay=0.5*ms, method="euler")
receptors.connect(condition="(i + j) % 2 == 0")
