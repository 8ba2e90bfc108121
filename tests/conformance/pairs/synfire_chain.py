"""A pulse packet that runs through a chain of subgroups, with refractory neurons that lose pulses."""
from brian2 import *

cells = NeuronGroup(100, """dv/dt = (x - v)/(10*ms) : 1 (unless refractory)
                            dx/dt = (y - x)/(2*ms) : 1
                            dy/dt = -y/(2*ms) : 1""",
                    threshold="v > 1", reset="v = 0", refractory=1*ms, method="exact")
start = SpikeGeneratorGroup(20, arange(20), (1 + arange(20)*0.1)*ms)
kick = Synapses(start, cells[:10], on_pre="y_post += 1.2")
kick.connect()
chain = Synapses(cells, cells, on_pre="y_post += 2.5; v_post += 0.02", delay=2*ms)
chain.connect(condition="i//10 == j//10 - 1")
