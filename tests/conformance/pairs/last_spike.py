"""A threshold that depends on the time since the last spike, and code that reads whether a neuron is refractory."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (1.3 + 0.04*i - v)/(10*ms) : 1 (unless refractory)
                           dh/dt = (int(not_refractory) - h)/(30*ms) : 1
                           level = 1 + 0.5*exp(-(t - lastspike)/(20*ms)) : 1""",
                    threshold="v > level", reset="v = 0.1*h", refractory=3*ms, method="euler")
