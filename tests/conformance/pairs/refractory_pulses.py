"""Pulses at refractory neurons are lost, in the step of the spike and until the neuron is free, and not after it."""
from brian2 import *

drivers = SpikeGeneratorGroup(3, array([0, 1, 2]*60), (1 + arange(180)//3*1.3)*ms)
cells = NeuronGroup(12, "dv/dt = (0.5 - v)/(10*ms) : 1 (unless refractory)", threshold="v > 1", reset="v = 0",
                    refractory=2.6*ms, method="exact")
pulses = Synapses(drivers, cells, on_pre="v_post += 0.25")
pulses.connect(condition="(i + j) % 4 != 0")
pulses.delay = "0.1*ms*((i + 2*j) % 14)"
