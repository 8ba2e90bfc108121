"""Makes the program of one network in Brian2, C++ standalone: brian_network.py NETWORK DIRECTORY SECONDS.

Leaves DIRECTORY/main, which when run there simulates the network and writes its times and number of spikes to
DIRECTORY/times.txt, and prints as JSON the number of neurons and how long the code took to make and to compile.

The networks are those of ../../examples/networks, the equations those of ../../tests/conformance, which proves them
equal to ours; here Brian2 draws for itself, and is built as fast as it gets: one thread, -O3 -ffast-math
-march=native, spikes counted but not kept.
"""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/conformance"))

import brian2 as b2
from brian2 import Hz, mV, ms, nS, pA
from brian_side import ADEX, COBA, COBAHH, CUBA, IZHIKEVICH, IZHIKEVICH_STEP

FLAGS = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]

BEFORE = """
std::clock_t processor_began = std::clock();
auto wall_began = std::chrono::steady_clock::now();
"""
AFTER = """
std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_began;
double processor = double(std::clock() - processor_began)/CLOCKS_PER_SEC;
long long spikes = 0;
for (int i = 0; i < {neurons}; ++i) spikes += {counts}[i];
std::ofstream("times.txt") << wall.count() << " " << processor << " " << spikes << std::endl;
"""


def connect(neurons, excitatory, p, on_exc, on_inh, delay=0 * ms):
    """A fifth of the neurons is inhibitory; each source is joined to each neuron with a probability."""
    yield join("exc", neurons[:excitatory], neurons, p, on_exc, delay)
    yield join("inh", neurons[excitatory:], neurons, p, on_inh, delay)


def join(name, source, target, p, on_pre, delay, model="", on_post=None):
    synapses = b2.Synapses(source, target, model, on_pre=on_pre, on_post=on_post, delay=delay, name=f"synapses_{name}")
    synapses.connect(p=p)
    return synapses


def connect_plastic(neurons, excitatory, p, variable, weight, unit, on_inh, delay=0 * ms):
    """As `connect`, with additive pair STDP between excitatory neurons; a spike of a source takes `delay`."""
    exc, inh = neurons[:excitatory], neurons[excitatory:]
    model = f"""
    w : {unit}
    dx/dt = -x/(20*ms) : {unit} (event-driven)
    dy/dt = -y/(20*ms) : {unit} (event-driven)
    """
    on_pre = f"{variable}_post += w\nx += 0.01*{weight}\nw = clip(w - y, 0*{unit}, 2*{weight})"
    on_post = f"y += 0.0105*{weight}\nw = clip(w + x, 0*{unit}, 2*{weight})"
    plastic = join("ee", exc, exc, p, on_pre, {"pre": delay}, model, on_post)
    plastic.w = weight
    yield plastic
    yield join("ei", exc, inh, p, f"{variable}_post += {weight}", delay)
    yield join("inh", inh, neurons, p, on_inh, delay)


def conductances(equations, n, p, w_ex, w_in, **options):
    neurons = conductance_neurons(equations, n, **options)
    return neurons, *connect(neurons, n * 4 // 5, p, f"g_ex_post += {w_ex}*nS", f"g_in_post += {w_in}*nS")


def conductance_neurons(equations, n, threshold="V > -50*mV", reset="V = -60*mV", refractory=5 * ms):
    neurons = b2.NeuronGroup(n, equations, threshold=threshold, reset=reset, refractory=refractory,
                             method="exponential_euler")  # fmt: skip
    neurons.V = "-65*mV + 5*mV*randn()"
    neurons.g_ex = "40*nS + 15*nS*randn()"
    neurons.g_in = "200*nS + 120*nS*randn()"
    return neurons


def coba():
    return conductances(COBA, 4000, 0.02, 6, 67)


def coba_stdp():
    neurons = conductance_neurons(COBA, 4000)
    return neurons, *connect_plastic(neurons, 3200, 0.02, "g_ex", "(6*nS)", "siemens", "g_in_post += 67*nS")


def coba40k():
    return conductances(COBA, 40000, 0.002, 6, 67)


def coba40k_dense():
    return conductances(COBA.replace("(0*mV - V) +", "(0*mV - V) + 300*pA +"), 40000, 0.02, 0.6, 3.35)


def cobahh():
    return conductances(COBAHH, 4000, 0.02, 6, 67, threshold="V > -20*mV", reset="", refractory=3 * ms)


def cuba():
    neurons = b2.NeuronGroup(4000, CUBA, threshold="V > -50*mV", reset="V = -60*mV", refractory=5 * ms, method="exact")
    neurons.V = "-60*mV + 10*mV*rand()"
    return neurons, *connect(neurons, 3200, 0.02, "g_ex_post += 1.62*mV", "g_in_post += -9*mV")


def adex10k():
    neurons = b2.NeuronGroup(10000, ADEX, threshold="V >= 30*mV", reset="V = -58*mV\nw += 80*pA", method="euler")
    neurons.V = "-70*mV + 5*mV*randn()"
    neurons.run_regularly("event = 0.8*nS*int(rand() < 1000*Hz*dt)\ng_ampa += 0.7*event\ng_nmda += 0.3*event")
    on_exc = "g_ampa_post += 0.7*0.5*nS\ng_nmda_post += 0.3*0.5*nS"
    return neurons, *connect(neurons, 8000, 0.02, on_exc, "g_gaba_post += 5*nS")


def brunel_neurons():
    neurons = b2.NeuronGroup(12500, "dV/dt = -V/(20*ms) : volt (unless refractory)", threshold="V > 20*mV",
                             reset="V = 0*mV", refractory=2 * ms, method="exact")  # fmt: skip
    neurons.V = "20*mV*rand()"
    return neurons, b2.PoissonInput(neurons, "V", 1000, 20 * Hz, weight=0.1 * mV)


def brunel():
    neurons, external = brunel_neurons()
    return neurons, external, *connect(neurons, 10000, 0.1, "V_post += 0.1*mV", "V_post += -0.5*mV", 1.5 * ms)


def brunel_stdp():
    neurons, external = brunel_neurons()
    synapses = connect_plastic(neurons, 10000, 0.1, "V", "(0.1*mV)", "volt", "V_post += -0.5*mV", 1.5 * ms)
    return neurons, external, *synapses


def izhikevich():
    b2.defaultclock.dt = 1 * ms
    neurons = b2.NeuronGroup(1000, IZHIKEVICH, threshold="v >= 30", reset="v = c\nu += d")
    neurons.r = "rand()"
    neurons.a = "0.02 + 0.08*r*int(i >= 800)"
    neurons.b = "0.2 + (0.05 - 0.05*r)*int(i >= 800)"
    neurons.c = "-65 + 15*r**2*int(i < 800)"
    neurons.d = "2 + (6 - 6*r**2)*int(i < 800)"
    neurons.thalamus = "2 + 3*int(i < 800)"
    neurons.v = -65
    neurons.u = "b*v"
    neurons.run_regularly(IZHIKEVICH_STEP.format(drive="thalamus*randn()"))
    return neurons, *connect(neurons, 800, 1, "arrived_post += 0.25", "arrived_post += -0.5")


NETWORKS = {
    "coba": coba,
    "coba-stdp": coba_stdp,
    "coba40k": coba40k,
    "coba40k-dense": coba40k_dense,
    "cuba": cuba,
    "cobahh": cobahh,
    "adex10k": adex10k,
    "brunel": brunel,
    "brunel-stdp": brunel_stdp,
    "izhikevich": izhikevich,
}


def main():
    name, directory, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    began = time.monotonic()
    b2.prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
    b2.prefs.codegen.cpp.headers += ["<chrono>", "<fstream>"]
    b2.set_device("cpp_standalone", directory=directory, build_on_run=False)
    b2.defaultclock.dt = 0.1 * ms
    b2.seed(1)
    parts = NETWORKS[name]()
    neurons = parts[0]
    counter = b2.SpikeMonitor(neurons, record=False)
    counts = b2.device.get_array_name(counter.variables["count"])
    b2.device.insert_code("before_network_run", BEFORE)
    b2.device.insert_code("after_network_run", AFTER.format(neurons=len(neurons), counts=counts))
    b2.Network(counter, *parts).run(seconds * b2.second)
    b2.device.build(directory=directory, compile=False, run=False)
    made = time.monotonic()
    subprocess.run(["make"], cwd=directory, stdout=subprocess.DEVNULL, check=True)
    print(json.dumps({"neurons": len(neurons), "make_s": made - began, "compile_s": time.monotonic() - made}))


if __name__ == "__main__":
    main()
