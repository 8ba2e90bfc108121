"""Hodgkin-Huxley neurons, refractory for as long as the membrane is high."""
from brian2 import *

cells = NeuronGroup(10, """
dv/dt = (drive - 10*nS*(v + 65*mV) - 20*uS*m**3*h*(v - 50*mV) - 6*uS*n**4*(v + 90*mV))/(200*pF) : volt
dm/dt = 0.32/mV*4*mV/exprel((13*mV - u)/(4*mV))/ms*(1 - m) - 0.28/mV*5*mV/exprel((u - 40*mV)/(5*mV))/ms*m : 1
dn/dt = 0.032/mV*5*mV/exprel((15*mV - u)/(5*mV))/ms*(1 - n) - 0.5*exp((10*mV - u)/(40*mV))/ms*n : 1
dh/dt = 0.128*exp((17*mV - u)/(18*mV))/ms*(1 - h) - 4/(1 + exp((40*mV - u)/(5*mV)))/ms*h : 1
u = v + 63*mV : volt
drive : amp (constant)
""", threshold="v > -40*mV", refractory="v > -40*mV", method="exponential_euler")
cells.v = -65*mV
cells.drive = "0.2*nA + 0.07*nA*i"
