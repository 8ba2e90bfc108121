#!/usr/bin/python3
"""Opens what `bnsyn run` records with NumPy and h5py, and compares it with the CSV of the same run.

formats.py --bnsyn BUILD/bin/bnsyn

Besides: the stream of bytes through a pipe, files that kill -9 left, tables of NumPy read back, and
a small SONATA circuit that is run and compared with the same network as lists of CSV. Needs Debian's
python3-h5py and python3-numpy.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

NETWORK = """
network = {{ dt = "0.1 ms", duration = "200 ms", seed = 3 }}
[models.lif]
equations = '''
dV/dt = (-45 mV - V)/(20 ms) : volt
count : integer
'''
threshold = "V >= -50 mV"
reset = "V = -60 mV; count += 1"
refractory = "2 ms"
[populations]
exc = {{ model = "lif", size = 80, initial = {{ V = "uniform(-60 mV, -50 mV)" }} }}
inh = {{ model = "lif", size = 20, initial = {{ V = "uniform(-60 mV, -50 mV)" }} }}
[projections.ei]
source = "exc"
target = "inh"
rule = {{ type = "bernoulli", p = 0.3 }}
equations = "w : volt"
initial = {{ w = "0.1 mV" }}
bounds = {{ w = ["0 mV", "1 mV"] }}
on_pre = "V_post += w; w = clip(w + 0.01 mV, 0 mV, 1 mV)"
delay = "1 ms"
[record.traces]
variable = "exc.V[3:9]"
every = "0.5 ms"
type = "f32"
{more}
"""
RECORDS = "--record inh.V --record inh.count --record ei.w --statistics ei.w --record-every 2ms".split()
CHECKS = []


def check(what, holds):
    CHECKS.append(what)
    if not holds:
        sys.exit(f"FAILED: {what}")


def run(arguments, **options):
    result = subprocess.run([BNSYN, "run", *map(str, arguments)], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"bnsyn run {arguments}: {result.stdout}{result.stderr}")
    return result


def rows_of(path):
    with open(path, encoding="ascii") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def table_of(path):
    header, rows = rows_of(path)
    return header, np.array(rows, dtype=float)


def spikes_of(directory):
    """Of each population the steps, times and neurons, from the CSV."""
    _, rows = rows_of(directory / "spikes.csv")
    return {
        name: tuple(np.array([float(row[c]) for row in rows if row[0] == name]) for c in (2, 3, 1))
        for name in ("exc", "inh")
    }


def numpy_files(directory, true):
    spikes = np.load(directory / "spikes.npy")
    names = np.load(directory / "spikes.populations.npy")
    check("spikes.populations.npy names the populations", list(names) == ["exc", "inh"])
    for name, (steps, times, neurons) in spikes_of(true).items():
        own = spikes[names[spikes["population"]] == name]
        check(f"spikes.npy has the spikes of {name}", len(own) > 50 and np.array_equal(own["step"], steps))
        check("with their times", np.array_equal(own["time_ms"], times))
        check("and neurons", np.array_equal(own["neuron"], neurons))
    for name, kind in (("inh.V", "f8"), ("inh.count", "i8"), ("ei.w", "f8"), ("traces", "f4")):
        header, table = table_of(true / f"{name}.csv")
        array = np.load(directory / f"{name}.npy")
        check(f"{name}.npy has the type {kind}", array.dtype["values"].base == np.dtype(kind))
        check("the times of the CSV", np.array_equal(array["time_ms"], table[:, 0]))
        check("its values", np.array_equal(array["values"], table[:, 1:].astype(kind)))
        elements = np.load(directory / f"{name}.elements.npy")
        check("and its columns", list(elements) == [int(cell) for cell in header[1:]])
    header, table = table_of(true / "ei.w.statistics.csv")
    array = np.load(directory / "ei.w.statistics.npy")
    check("ei.w.statistics.npy has the columns of the CSV", list(array.dtype.names[2:]) == header[1:])
    check("and its numbers", all(np.array_equal(array[c], table[:, k]) for k, c in enumerate(header) if c in array.dtype.names[1:]))


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def check_root(file, complete):
    check("magic", file.attrs["magic"] == 0x0A7A and file.attrs["magic"].dtype == np.uint32)
    check("version", file.attrs["version"].dtype == np.uint32 and file.attrs["version"].shape == (2,))
    check(f"complete is {complete}", file.attrs["complete"] == complete)


def sonata_files(directory, true):
    with h5py.File(directory / "spikes.h5", "r") as file:
        check_root(file, 1)
        for name, (_, times, neurons) in spikes_of(true).items():
            group = file["spikes"][name]
            enum = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
            check("sorting is an enumeration", enum == {"none": 0, "by_id": 1, "by_time": 2})
            check("sorted by time", group.attrs["sorting"] == 2 and (np.diff(group["timestamps"]) >= 0).all())
            check("timestamps are f64", group["timestamps"].dtype == np.float64)
            check("in ms", text(group["timestamps"].attrs["units"]) == "ms")
            check("units are texts of variable length", h5py.check_string_dtype(group["timestamps"].attrs.get_id("units").dtype).length is None)
            check("node_ids are u64", group["node_ids"].dtype == np.uint64)
            check(f"spikes.h5 has the times of {name}", np.array_equal(group["timestamps"], times))
            check("and its neurons", np.array_equal(group["node_ids"], neurons))
    for name, population, unit in (("inh.V", "inh", "mV"), ("inh.count", "inh", ""), ("ei.w", "ei", "mV"), ("traces", "exc", "mV")):
        header, table = table_of(true / f"{name}.csv")
        with h5py.File(directory / f"{name}.h5", "r") as file:
            check_root(file, 1)
            group = file["report"][population]
            check("data are f32", group["data"].dtype == np.float32)
            check(f"{name}.h5 has the values of the CSV", np.array_equal(group["data"], table[:, 1:].astype("f4")))
            check("units", text(group["data"].attrs["units"]) == unit)
            mapping = group["mapping"]
            width = len(header) - 1
            check("node_ids", mapping["node_ids"].dtype == np.uint64 and list(mapping["node_ids"]) == [int(c) for c in header[1:]])
            check("sorted", mapping["node_ids"].attrs["sorted"] == 1 and mapping["node_ids"].attrs["sorted"].dtype == np.uint8)
            check("index_pointers", mapping["index_pointers"].dtype == np.uint64 and list(mapping["index_pointers"]) == list(range(width + 1)))
            check("element_ids", mapping["element_ids"].dtype == np.uint32 and mapping["element_ids"].shape == (width,))
            start, stop, step = mapping["time"]
            check("time", mapping["time"].dtype == np.float64 and text(mapping["time"].attrs["units"]) == "ms")
            times = start + step * np.arange(len(table))
            check("start and step", np.allclose(times, table[:, 0], rtol=1e-12, atol=1e-9))
            check("stop is where the next sample would be", np.isclose(stop, start + step * len(table)))
    with h5py.File(directory / "ei.w.statistics.h5", "r") as file:
        _, table = table_of(true / "ei.w.statistics.csv")
        check("statistics are f64", np.array_equal(file["report/ei/data"], table[:, 1:]))
    config = json.loads((directory / "simulation_config.json").read_text())
    circuit = json.loads((directory / config["network"]).read_text())
    check("the duration", config["run"]["tstop"] == 200 and config["run"]["dt"] == 0.1)
    check("the spikes", config["output"]["spikes_file"] == "spikes.h5")
    check("the reports", set(config["reports"]) == {"inh.V", "inh.count", "ei.w", "traces"})
    (nodes,) = circuit["networks"]["nodes"]
    check("node types", (directory / nodes["node_types_file"]).read_text().startswith("node_type_id model_type"))
    with h5py.File(directory / nodes["nodes_file"], "r") as file:
        check("nodes", file["nodes/exc/node_type_id"].shape == (80,) and file["nodes/inh/node_type_id"].shape == (20,))
        check("groups", "0" in file["nodes/exc"] and list(file["nodes/exc/node_group_index"]) == list(range(80)))


def formats(work, network):
    for form in ("csv", "npy", "sonata"):
        run([network, "--backend", "accelerated", "--no-hint", "--out", work / form, "--format", form, *RECORDS])
        check(f"no part is left of {form}", not list((work / form).glob("*.part")))
    numpy_files(work / "npy", work / "csv")
    sonata_files(work / "sonata", work / "csv")
    # Receipts repeat each format.
    for form in ("npy", "sonata"):
        result = subprocess.run([BNSYN, "check", str(work / form / "receipt.json")], capture_output=True, text=True)
        check(f"the receipt of {form} is repeated: {result.stdout}{result.stderr}", result.returncode == 0)


def pipe(work, network):
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "python"))
    import spikes as reader

    command = [BNSYN, "run", str(network), "--backend", "accelerated", "--no-hint", "--out", "-", "--format", "binary"]
    with subprocess.Popen([*command, *RECORDS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        stream = reader.blocks(process.stdout)
        records = next(stream)
        items = [[] for _ in records]
        for record, more in stream:
            items[record] += more
    check("the pipe is written whole", process.returncode == 0)
    for of, own in zip(records, items):
        if of["kind"] == "spikes":
            for number, name in enumerate(of["populations"]):
                steps, times, neurons = spikes_of(work / "csv")[name]
                mine = [item for item in own if item[2] == number]
                check(f"spikes of {name} in the pipe", [item[0] for item in mine] == list(steps))
                check("their times", [item[1] for item in mine] == list(times))
                check("their neurons", [item[3] for item in mine] == list(neurons))
        else:
            _, table = table_of(work / "csv" / f"{of['name']}.csv")
            values = np.array(own)[:, 1:]
            check(f"{of['name']} in the pipe", np.array_equal(values.astype("f4"), table.astype("f4")))
    # A reader that leaves is an error, and no hang.
    with subprocess.Popen([*command, "--duration", "20s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(16)
        process.stdout.close()
        message = process.stderr.read().decode()
    check(f"a closed pipe is told: {message}", process.returncode == 2 and "pipe" in message)


def killed(work, network):
    """Files of kill -9 open, hold what a whole run begins with, and all but the last second."""
    for form in ("csv", "npy", "sonata"):
        directory = work / f"killed_{form}"
        command = [BNSYN, "run", str(network), "--backend", "accelerated", "--no-hint", "--duration", "1000000s"]
        process = subprocess.Popen([*command, "--out", str(directory), "--format", form], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spikes = directory / f"spikes.{ {'csv': 'csv', 'npy': 'npy', 'sonata': 'h5'}[form] }.{process.pid}.part"
        deadline = time.time() + 60
        before = None

        def count():
            if form == "csv":
                return spikes.read_bytes().count(b"\n") - 1
            if form == "npy":
                return len(np.load(spikes, mmap_mode="r"))
            with h5py.File(spikes, "r") as file:
                return sum(len(group["timestamps"]) for group in file["spikes"].values())

        # Some seconds of flushes, the last of which the file must have.
        while time.time() < deadline and (before is None or before < 1000):
            time.sleep(0.5)
            if form != "sonata" and spikes.exists() and spikes.stat().st_size > 300:
                before = count()
            if form == "sonata" and spikes.exists() and spikes.stat().st_size > 60000:
                break
        time.sleep(1.5)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        after = count()
        check(f"{form}: a killed run leaves spikes", after > 1000)
        if before is not None:
            check(f"{form}: they grow while it runs", after > before)
        if form == "csv":
            check("csv: the file ends with a line", spikes.read_bytes().endswith(b"\n"))
        if form == "npy":
            array = np.load(spikes)
            check("npy: in the order of time", (np.diff(array["time_ms"]) >= 0).all())
        if form == "sonata":
            with h5py.File(spikes, "r") as file:
                check("sonata: marked as incomplete", file.attrs["complete"] == 0)
                for group in file["spikes"].values():
                    check("sonata: times and nodes", len(group["timestamps"]) == len(group["node_ids"]))
                    check("sonata: in the order of time", (np.diff(group["timestamps"]) >= 0).all())
                    check("sonata: no zeros", (np.asarray(group["timestamps"])[10:] > 0).all())
        check(f"{form}: nothing has its name yet", not spikes.with_suffix("").with_suffix("").exists())


def full_disk(work, network):
    """A disk that is full is told, and what was there stays: here a file may have so many bytes."""

    def limit(size):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    for form, ending in (("csv", "csv"), ("npy", "npy"), ("sonata", "h5")):
        for size in (0, 3000, 10000, 40000):
            directory = work / f"full_{form}_{size}"
            directory.mkdir()
            (directory / f"spikes.{ending}").write_text("old")
            command = [BNSYN, "run", str(network), "--backend", "accelerated", "--no-hint", "--duration", "3s"]
            command += ["--out", str(directory), "--format", form, "--record", "exc.V", "--record-every", "5ms"]
            result = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=lambda: limit(size))
            check(f"{form}, {size}: {result.returncode} {result.stderr}", result.returncode == 2 and "not full?" in result.stderr)
            check(f"{form}: what was there stays", {path.name: path.read_text() for path in directory.iterdir()} == {f"spikes.{ending}": "old"})


def tables(work):
    """Connections, initial values and events of NumPy are those of CSV."""
    rng = np.random.default_rng(1)
    columns = {"pre": rng.integers(0, 80, 500), "post": rng.integers(0, 20, 500), "weight": rng.uniform(0, 0.2, 500), "delay": rng.uniform(0.5, 3, 500)}
    columns = dict(zip(columns, zip(*sorted(zip(*columns.values())))))
    np.savez(work / "list.npz", **{k: np.array(v) for k, v in columns.items()})
    np.savez_compressed(work / "list_compressed.npz", **{k: np.array(v) for k, v in columns.items()})
    array = np.zeros(500, dtype=[("pre", "<u4"), ("post", "<u2"), ("weight", "<f8"), ("delay", "<f8")])
    for key, values in columns.items():
        array[key] = values
    np.save(work / "list.npy", array)
    with open(work / "list.csv", "w", encoding="ascii") as file:
        file.write(",".join(columns) + "\n")
        for row in zip(*columns.values()):
            file.write(",".join(repr(value.item()) for value in row) + "\n")
    digests = set()
    for name in ("list.csv", "list.npz", "list_compressed.npz", "list.npy"):
        more = f'[projections.listed]\nsource = "exc"\ntarget = "inh"\nrule = {{ type = "list", file = "{name}" }}\nweight = "1 mV"\non_pre = "V_post += w"\n'
        network = work / f"{name}.toml"
        network.write_text(NETWORK.format(more=more))
        report = json.loads(run([network, "--json", "--no-hint"]).stdout)
        check(f"{name} has its synapses", report["synapses"] > 500 and report["spikes"] > 100)
        digests.add(report["digest"])
    check("the digests of CSV and NumPy are equal", len(digests) == 1)
    (work / "damaged.npy").write_bytes((work / "list.npy").read_bytes()[:1000])
    network.write_text(NETWORK.format(more=more.replace("list.npy", "damaged.npy")))
    result = subprocess.run([BNSYN, "run", str(network)], capture_output=True, text=True)
    check(f"a damaged file is told: {result.stderr}", result.returncode == 2 and "ends before them" in result.stderr)


def within_memory():
    # The sanitizers reserve terabytes of addresses.
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


def write_circuit(directory, edges, params, spikes):
    """A circuit of two types of NEST's iaf_psc_exp, virtual nodes, and spikes of these."""
    directory.mkdir()
    (directory / "models").mkdir()
    for name, values in params.items():
        (directory / "models" / f"{name}.json").write_text(json.dumps(values))
    (directory / "node_types.csv").write_text(
        "node_type_id model_type model_template dynamics_params\n"
        "100 point_neuron nest:iaf_psc_exp exc.json\n101 point_neuron nest:iaf_psc_exp inh.json\n"
    )
    (directory / "virtual_types.csv").write_text("node_type_id model_type\n0 virtual\n")
    (directory / "edge_types.csv").write_text("edge_type_id model_template delay\n7 static_synapse 1.5\n8 static_synapse 2.0\n")
    with h5py.File(directory / "nodes.h5", "w") as file:
        group = file.create_group("nodes/cells")
        types = np.array([100, 101] * 10, dtype="u8")
        group["node_type_id"] = types
        group["node_id"] = np.arange(20, dtype="u8")
        group["node_group_id"] = np.zeros(20, dtype="u8")
        group["node_group_index"] = np.arange(20, dtype="u8")
        group.create_group("0")
        virtual = file.create_group("nodes/input")
        virtual["node_type_id"] = np.zeros(5, dtype="u8")
    with h5py.File(directory / "edges.h5", "w") as file:
        for name, (source, target, rows) in edges.items():
            group = file.create_group(f"edges/{name}")
            for key, population, values in (("source_node_id", source, rows["pre"]), ("target_node_id", target, rows["post"])):
                group[key] = np.array(values, dtype="u8")
                group[key].attrs["node_population"] = population
            group["edge_type_id"] = np.array(rows["type"], dtype="u8")
            group["edge_group_id"] = np.zeros(len(rows["pre"]), dtype="u8")
            group["edge_group_index"] = np.arange(len(rows["pre"]), dtype="u8")
            group["0/syn_weight"] = np.array(rows["weight"])
    with h5py.File(directory / "input.h5", "w") as file:
        group = file.create_group("spikes/input")
        group["timestamps"], group["node_ids"] = np.array(spikes[0]), np.array(spikes[1], dtype="u8")
    circuit = {
        "manifest": {"$BASE": "${configdir}", "$MODELS": "$BASE/models"},
        "components": {"point_neuron_models_dir": "$MODELS"},
        "networks": {
            "nodes": [
                {"nodes_file": "$BASE/nodes.h5", "node_types_file": "$BASE/node_types.csv"},
            ],
            "edges": [{"edges_file": "$BASE/edges.h5", "edge_types_file": "$BASE/edge_types.csv"}],
        },
    }
    # Nodes of two populations with types of their own lie in one file here, so that both tables are one.
    (directory / "node_types.csv").write_text((directory / "node_types.csv").read_text() + "0 virtual NULL NULL\n")
    (directory / "circuit_config.json").write_text(json.dumps(circuit))
    simulation = {
        "network": "circuit_config.json",
        "run": {"tstop": 200.0, "dt": 0.1},
        "inputs": {"external": {"input_type": "spikes", "module": "h5", "input_file": "input.h5", "node_set": "input"}},
    }
    (directory / "simulation_config.json").write_text(json.dumps(simulation))


def sonata_in(work):
    rng = np.random.default_rng(2)
    pairs = [(i, j) for i in range(20) for j in range(20) if rng.random() < 0.3]
    inner = {"pre": [i for i, _ in pairs], "post": [j for _, j in pairs]}
    inner["weight"] = [150.0 if i % 2 == 0 else -200.0 for i in inner["pre"]]
    inner["type"] = [7 if i % 2 == 0 else 8 for i in inner["pre"]]
    outer = {"pre": list(range(5)) * 4, "post": list(range(20)), "weight": [900.0] * 20, "type": [7] * 20}
    params = {"exc": {"tau_m": 12.0, "V_th": -56.0, "I_e": 380.0}, "inh": {"tau_m": 8.0, "I_e": 400.0}}
    times = np.round(np.sort(rng.uniform(1, 190, 200)), 1)
    spikes = (times, rng.integers(0, 5, 200))
    directory = work / "circuit"
    write_circuit(directory, {"inner": ("cells", "cells", inner), "outer": ("input", "cells", outer)}, params, spikes)
    for config in ("circuit_config.json", "simulation_config.json"):
        run([directory / config, "--duration", "200ms", "--backend", "both", "--out", work / config])

    # The same as a network file: a population for each type, a list for each pair and sign.
    def lists(name, rows, sources):
        parts = {}
        for pre, post, weight, kind in zip(rows["pre"], rows["post"], rows["weight"], rows["type"]):
            source = f"cells_{100 + pre % 2}" if sources == "cells" else "input"
            number = pre // 2 if sources == "cells" else pre
            key = (source, f"cells_{100 + post % 2}", weight < 0)
            parts.setdefault(key, []).append((number, post // 2, weight, 1.5 if kind == 7 else 2.0))
        text_of = ""
        for (source, target, inhibits), part in parts.items():
            own = f"{name}_{source}_{target}" + ("_in" if inhibits else "")
            with open(work / f"{own}.csv", "w", encoding="ascii") as file:
                file.write("pre,post,weight,delay\n" + "".join(f"{a},{b},{w},{d}\n" for a, b, w, d in part))
            variable = "I_in" if inhibits else "I_ex"
            text_of += f'[projections.{own}]\nsource = "{source}"\ntarget = "{target}"\nrule = {{ type = "list", file = "{own}.csv" }}\nweight = "1 pA"\non_pre = "{variable}_post += w"\n'
        return text_of

    with open(work / "external.csv", "w", encoding="ascii") as file:
        file.write("time,index\n" + "".join(f"{t},{i}\n" for t, i in zip(*spikes)))
    (work / "circuit.toml").write_text(
        'network = { dt = "0.1 ms", duration = "200 ms" }\n[populations]\n'
        'cells_100 = { model = "lif_exp", size = 10, parameters = { tau_m = "12 ms", V_th = "-56 mV", I_e = "380 pA" } }\n'
        'cells_101 = { model = "lif_exp", size = 10, parameters = { tau_m = "8 ms", I_e = "400 pA" } }\n'
        'input = { model = "spike_source", size = 5 }\n'
        '[stimuli.external_input]\ntype = "file"\ntarget = "input"\nfile = "external.csv"\noff_grid = "nearest"\non_event = "arrived += w"\n'
        + lists("inner", inner, "cells")
        + lists("outer", outer, "input")
    )
    run([work / "circuit.toml", "--out", work / "circuit_toml", "--no-hint"])
    header, own = rows_of(work / "simulation_config.json" / "spikes.csv")
    _, true = rows_of(work / "circuit_toml" / "spikes.csv")
    cells = [row for row in own if row[0].startswith("cells")]
    check("cells of both types spike", {row[0] for row in cells} == {"cells_100", "cells_101"} and len(cells) > 100)
    check("the input spikes as it was given", sum(row[0] == "input" for row in own) == 200)
    check("a SONATA circuit spikes as the same network of lists", sorted(own) == sorted(true))
    _, silent = rows_of(work / "circuit_config.json" / "spikes.csv")
    check("without the simulation there is no input", all(row[0] != "input" for row in silent) and len(silent) > 10)

    # What is wrong is told.
    def error_of(change, expected):
        bad = work / "bad_circuit"
        subprocess.run(["rm", "-rf", bad], check=True)
        subprocess.run(["cp", "-r", directory, bad], check=True)
        change(bad)
        result = subprocess.run([BNSYN, "run", str(bad / "simulation_config.json")], capture_output=True, text=True)
        check(f"{expected}: {result.stderr}", result.returncode == 2 and expected in result.stderr)

    def replace(name, old, new):
        def change(bad):
            content = (bad / name).read_text()
            assert old in content
            (bad / name).write_text(content.replace(old, new))

        return change

    def edit(change):
        def change_file(bad):
            with h5py.File(bad / "edges.h5", "r+") as file:
                change(file)

        return change_file

    def cut(bad):
        (bad / "edges.h5").write_bytes((bad / "edges.h5").read_bytes()[:3000])

    def put_beyond(file):
        file["edges/inner/target_node_id"][3] = 20

    def set_groups(file, **how):
        del file["edges/inner/edge_group_id"]
        file["edges/inner"].create_dataset("edge_group_id", dtype="u4", **how)

    def unknown_compression(file):
        set_groups(file, data=np.zeros(len(pairs)), chunks=(10,), compression="lzf")

    def larger_than_the_file(file):
        set_groups(file, shape=(2**31 - 1,), chunks=(1000,))

    def one_large_piece(file):
        set_groups(file, shape=(len(pairs),), maxshape=(None,), chunks=(2**29,))

    def in_seconds(path):
        with h5py.File(path, "r+") as file:
            file["spikes/input/timestamps"].attrs["units"] = "s"

    def too_early(path):
        with h5py.File(path, "r+") as file:
            file["spikes/input/timestamps"][0] = -0.1

    def drop_weights(file):
        del file["edges/inner/0/syn_weight"]

    error_of(replace("node_types.csv", "nest:iaf_psc_exp exc", "nest:iaf_psc_exq exc"), "no model of the library is 'nest:iaf_psc_exq'")
    error_of(replace("node_types.csv", "point_neuron", "biophysical"), "model_type 'biophysical' are not supported")
    error_of(replace("edge_types.csv", "static_synapse", "stdp_synapse"), "'stdp_synapse' are not supported")
    error_of(replace("models/exc.json", "tau_m", "tau_n"), "did you mean 'tau_m'")
    error_of(replace("simulation_config.json", '"spikes"', '"current_clamp"'), "is not supported")
    error_of(replace("circuit_config.json", "$BASE/nodes.h5", "$ABSENT/nodes.h5"), "the manifest has no variable")
    error_of(edit(put_beyond), "which are not both nodes")
    error_of(edit(drop_weights), "has no syn_weight")
    error_of(cut, "edges.h5")
    error_of(edit(lambda file: file["edges/inner"].create_dataset("0/delay", data=np.full(len(pairs), -1.0))), "edge 0 has the delay -1")
    error_of(edit(lambda file: file["edges/inner"].create_dataset("0/dynamics_params/U", data=np.ones(len(pairs)))), "of single nodes and edges are not supported")
    error_of(edit(unknown_compression), "compressed by 'lzf'")
    error_of(edit(larger_than_the_file), "lacks a part of its data")
    error_of(edit(one_large_piece), "pieces larger than all of it")
    error_of(replace("edge_types.csv", "1.5", "nan"), "'nan' of delay is no number")
    error_of(replace("node_types.csv", "101 ", "100 "), "node_type_id 100 is there twice")
    error_of(lambda bad: in_seconds(bad / "input.h5"), "timestamps in 's'")
    error_of(lambda bad: too_early(bad / "input.h5"), "before the run begins")
    # Damage anywhere gives a result or an error, and never a crash, nor gigabytes: at places of
    # the head of the file, and in the heap of the names of populations and what refers to it.
    whole = (directory / "edges.h5").read_bytes()
    heap = whole.find(b"GCOL")
    reference = whole.find(struct.pack("<Q", heap))
    places = [*range(0, 4096, 128), *range(heap, heap + 96, 8), heap + 26, *range(reference - 4, reference + 12, 2)]
    bad = work / "damaged_circuit"
    subprocess.run(["cp", "-r", directory, bad], check=True)
    refused = 0
    for at in places:
        for damage in (b"\xff" * 8, b"\x00\x80", b"\x88\x13\x00\x00"):
            damaged = bytearray(whole)
            damaged[at : at + len(damage)] = damage
            (bad / "edges.h5").write_bytes(damaged)
            command = [BNSYN, "run", str(bad / "circuit_config.json"), "--duration", "1ms", "--no-hint"]
            result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, preexec_fn=within_memory)
            check(f"damage at {at} is no crash: {result.stderr}", result.returncode in (0, 2))
            refused += result.returncode == 2
    check("damage is noticed", refused > 0)


def main():
    global BNSYN, SANITIZED
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bnsyn", default="build/release/bin/bnsyn")
    parser.add_argument("--sanitized", action="store_true", help="the command has the sanitizers in it")
    options = parser.parse_args()
    BNSYN = str(pathlib.Path(options.bnsyn).resolve())
    SANITIZED = options.sanitized
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        network = work / "net.toml"
        network.write_text(NETWORK.format(more=""))
        formats(work, network)
        pipe(work, network)
        killed(work, network)
        full_disk(work, network)
        tables(work)
        sonata_in(work)
    print(f"{len(CHECKS)} checks passed")


if __name__ == "__main__":
    main()
