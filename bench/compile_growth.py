#!/usr/bin/env python3
"""Shows how the time to compile a network grows with each of its parts.

    bench/compile_growth.py                    # with build/release/bin/bnsyn
    bench/compile_growth.py populations array  # some of the parts alone
    bench/compile_growth.py --bnsyn PATH --repeat 5

For each part it writes networks with more and more of it, and runs one step of each without the
cache of compiled code. The time is processor time of the whole command, the least of all runs, less
that of a network with one neuron; of the networks of one part a table is printed, and the power
with which the time grows (least squares of the logarithms).
"""

import argparse
import math
import os
import pathlib
import subprocess
import sys
import tempfile

HEAD = 'network = { dt = "0.1 ms", duration = "0.1 ms", seed = 1 }\n'
NEURON = """[models.neuron]
equations = '''
dv/dt = (a - v)/(10 ms) : 1
a : 1
x : 1 (input)
'''
threshold = "v > 1"
reset = "v = 0"
"""


def one_population(extra=""):
    return HEAD + '[populations]\np = { model = "neuron", size = 10 }\n' + NEURON + extra


def array(count):
    times = ", ".join(f'"{k / 10:.1f} ms"' for k in range(1, count + 1))
    return one_population(
        f"[stimuli.s]\ntype = 'spikes'\ntarget = 'p'\nindex = 0\non_event = 'x += w'\n"
        f"times = [{times}]\n")


def populations(count, each=5, parameter=lambda k: 400):
    lines = [HEAD + "[populations]"]
    for k in range(count):
        lines.append(f'p{k} = {{ model = "lif_exp", size = 20, '
                     f'parameters = {{ I_e = "{parameter(k)} pA" }} }}')
    for k in range(count):
        for c in range(each):
            lines.append(f"[projections.c{k}_{c}]\nsource = 'p{k}'\n"
                         f"target = 'p{(7 * k + 3 * c + 1) % count}'\n"
                         "rule = { type = 'bernoulli', p = 0.2 }\n"
                         f"weight = '{10 + c} pA'\ndelay = '1 ms'\non_pre = 'I_ex_post += w'")
    return "\n".join(lines) + "\n"


def projections(count):
    return populations(40, each=count)


def parameters(count):
    return populations(count, parameter=lambda k: 400 + k)


def expression(text):
    return one_population().replace("(a - v)", f"({text} - v)")


def terms(count):
    return expression("+".join(f"{k}e-6*v" for k in range(1, count + 1)))


def nesting(count):
    return expression("(1 + " * count + "v" + ")" * count)


def definitions(count):
    lines = "\n".join(f"y{k} = v + {k} : 1" for k in range(count))
    return one_population().replace("a : 1\n", f"a : 1\n{lines}\n")


def variables(count):
    lines = "\n".join(f"dy{k}/dt = (v - y{k})/({k + 5} ms) : 1" for k in range(count))
    return one_population().replace("a : 1\n", f"a : 1\n{lines}\n")


def statements(count):
    lines = "\n".join(f"v = v*0.5 + {k}" for k in range(count))
    return one_population().replace('reset = "v = 0"', f"reset = '''\n{lines}\n'''")


def stimuli(count):
    return one_population("".join(
        f"[stimuli.s{k}]\ntype = 'current'\ntarget = 'p'\nvariable = 'x'\nvalue = {k}\n"
        for k in range(count)))


def events(count):
    named = ", ".join(f"e{k} = 'v > {k}'" for k in range(count))
    return one_population(f"events = {{ {named} }}\n")


def tables(count):
    return one_population("".join(
        f"[tables.t{k}]\ndt = '1 ms'\nvalues = [{k}, 1, 2]\n" for k in range(count)))


def models(count):
    lines = [HEAD + "[populations]"]
    lines += [f'p{k} = {{ model = "m{k}", size = 10 }}' for k in range(count)]
    lines += [f"[models.m{k}]\nequations = 'dv/dt = ({k} - v)/(10 ms) : 1'" for k in range(count)]
    return "\n".join(lines) + "\n"


# The networks of a part, the sizes that are tried, and what the sizes count.
PARTS = {
    "array": (array, (3000, 10000, 30000, 100000), "numbers on one line"),
    "populations": (populations, (100, 300, 1000, 3000), "populations, 5 projections each"),
    "projections": (projections, (10, 30, 100, 300), "projections of each of 40 populations"),
    "parameters": (parameters, (30, 100, 300), "populations with parameters of their own"),
    "models": (models, (30, 100, 300), "models with a population each"),
    "terms": (terms, (50, 100, 200, 400), "terms of an expression"),
    "nesting": (nesting, (25, 50, 100, 190), "brackets within brackets"),
    "definitions": (definitions, (100, 300, 1000), "equations x = ... of a model"),
    "variables": (variables, (10, 30, 100), "differential equations of a model"),
    "statements": (statements, (30, 100, 300), "statements of a reset"),
    "stimuli": (stimuli, (100, 300, 1000), "currents into one variable"),
    "events": (events, (10, 30, 100), "kinds of event of a model"),
    "tables": (tables, (300, 1000, 3000, 10000), "tables of a network"),
}


def processor_seconds(bnsyn, text, repeat):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "network.toml"
        path.write_text(text)
        command = [bnsyn, "run", str(path), "--backend", "accelerated", "--no-cache", "--no-hint"]
        times = []
        for _ in range(repeat):
            with open(os.devnull, "w") as nowhere:
                process = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE)
                error = process.stderr.read().decode()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"{' '.join(command)}: {error}")
            times.append(usage.ru_utime + usage.ru_stime)
        return min(times)


def exponent(points):
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return (sum((x - mean_x) * (y - mean_y) for x, y in logs) /
            sum((x - mean_x)**2 for x, _ in logs))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--bnsyn", default="build/release/bin/bnsyn")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for part in arguments.parts:
        if part not in PARTS:
            parser.error(f"there is no part '{part}'; there are {', '.join(PARTS)}")
    start = processor_seconds(arguments.bnsyn, one_population(), arguments.repeat)
    print(f"One neuron: {start:.3f} s of processor time.\n")
    print("| what | how many: seconds | exponent |\n|---|---|---|")
    for part in arguments.parts or PARTS:
        network, sizes, what = PARTS[part]
        points = []
        for size in sizes:
            seconds = processor_seconds(arguments.bnsyn, network(size), arguments.repeat)
            points.append((size, max(seconds - start, 1e-3)))
        row = ", ".join(f"{size:,}: {seconds:.3f}" for size, seconds in points)
        print(f"| {what} | {row} | {exponent(points):.2f} |", flush=True)


if __name__ == "__main__":
    main()
