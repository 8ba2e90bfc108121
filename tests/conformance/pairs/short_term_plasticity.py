"""Short-term depression and facilitation (Tsodyks and Markram) with event-driven resources."""
from brian2 import *

sources = NeuronGroup(20, "dv/dt = (1.2 + 0.05*i - v)/(20*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(5, """dv/dt = (g + 0.6 - v)/(20*ms) : 1
                            dg/dt = -g/(3*ms) : 1""", threshold="v > 1", reset="v = 0", method="exact")
synapses = Synapses(sources, targets, """dx/dt = (1 - x)/(200*ms) : 1 (event-driven)
                                         du/dt = (0.2 - u)/(500*ms) : 1 (event-driven)""",
                    on_pre="""u += 0.2*(1 - u)
                              g_post += 1.5*u*x
                              x -= u*x""", delay=1*ms)
synapses.connect(condition="(i + j) % 3 != 0")
synapses.x = 1
synapses.u = 0.2
