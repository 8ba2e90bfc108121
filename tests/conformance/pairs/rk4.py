"""Exponential integrate-and-fire neurons with an oscillating drive, by the method rk4."""
from brian2 import *

cells = NeuronGroup(10, "dv/dt = (-v + exp(clip(4*(v - 1), -100, 10)) + 0.9 + 0.05*i + 0.5*sin(2*pi*20*Hz*t))/(10*ms) : 1",
                    threshold="v > 2", reset="v = 0", refractory=1*ms, method="rk4")
