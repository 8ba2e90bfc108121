"""Exponential currents, excitatory and inhibitory, without delay and with delays of each synapse; exact integration."""
from brian2 import *

exc = NeuronGroup(40, """dv/dt = (ge + gi + 11*mV + i*0.2*mV - v)/(20*ms) : volt (unless refractory)
                         dge/dt = -ge/(5*ms) : volt
                         dgi/dt = -gi/(10*ms) : volt""",
                  threshold="v > 10*mV", reset="v = 0*mV", refractory=2*ms, method="exact")
inh = NeuronGroup(10, """dv/dt = (ge + 10.5*mV - v)/(20*ms) : volt (unless refractory)
                         dge/dt = -ge/(5*ms) : volt""",
                  threshold="v > 10*mV", reset="v = 0*mV", refractory=2*ms, method="exact")
forth = Synapses(exc, inh, on_pre="ge_post += 0.3*mV")
forth.connect(condition="(i + 3*j) % 7 == 0")
back = Synapses(inh, exc, on_pre="gi_post -= 0.8*mV")
back.connect(condition="(3*i + j) % 4 == 0")
back.delay = "(1 + (i + j) % 5)*ms"
