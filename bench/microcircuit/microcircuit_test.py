#!/usr/bin/env python3
"""The microcircuit in small, and that each of its checks can fail: microcircuit_test.py --bnsyn PATH"""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

import microcircuit

BNSYN = sys.argv.pop() if "--bnsyn" in sys.argv else str(microcircuit.ROOT / "build/release/bin/bnsyn")
if "--bnsyn" in sys.argv:
    sys.argv.remove("--bnsyn")


def short(*words):
    """Exit code and output of two seeds of a twentieth of the network."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        code = microcircuit.main([
            "--bnsyn", BNSYN, "--network", str(microcircuit.ROOT / "examples/networks/microcircuit-10.toml"),
            "--set", "scale=0.05", "--seeds", "2", "--seconds", "0.5", "--warm-up", "0.1", *words])
    return code, output.getvalue()


def run_of(rate=None, cv=0.9, correlation=0.001):
    """A run whose rates are in the middle of their ranges, or all `rate`."""
    return {"populations": {
        name: {"neurons": 10, "rate_hz": sum(limits) / 2 if rate is None else rate, "cv": cv,
               "correlation": correlation}
        for name, limits in microcircuit.RATES.items()}}


class Microcircuit(unittest.TestCase):
    def test_small_network(self):
        code, text = short("--json")
        result = json.loads(text)
        self.assertEqual((code, result["problems"]), (0, []))
        self.assertEqual(len({run["digest"] for run in result["runs"]}), 2)
        for run in result["runs"]:
            self.assertEqual(list(run["populations"]), list(microcircuit.RATES))
            spikes = sum(population["spikes"] for population in run["populations"].values())
            self.assertGreater(spikes, 3000)

    def test_silence_is_a_problem(self):
        code, text = short("--set", "cell.K=0", "--set", "cell.I_mean=0pA", "--set", "L4E.K=0", "--set", "J=0pA")
        self.assertEqual(code, 1)
        self.assertIn("is silent", text)

    def test_table_and_verdict(self):
        self.assertEqual(microcircuit.problems([run_of(), run_of()], True), [])
        self.assertIn("0.8 to 1", microcircuit.table([run_of()], True))
        self.assertEqual(len(microcircuit.problems([run_of(rate=4.4)], True)), 7)  # that of L4E alone is right
        self.assertEqual(len(microcircuit.problems([run_of(cv=0.3)], True)), 8)
        self.assertEqual(len(microcircuit.problems([run_of(correlation=0.1)], True)), 8)
        self.assertEqual(len(microcircuit.problems([run_of(cv=None)], True)), 8)
        self.assertEqual(microcircuit.problems([run_of(rate=4.4, cv=0.3)], False), [])
        self.assertEqual(len(microcircuit.problems([run_of(rate=0)], False)), 8)

    def test_energy_of_counters_that_wrap(self):
        with tempfile.TemporaryDirectory() as top:
            for zone, name, energy in (("intel-rapl:0", "package-0", 900), ("intel-rapl:0:0", "core", 5),
                                       ("intel-rapl:0:1", "dram", 100), ("intel-rapl:1", "psys", 7)):
                directory = pathlib.Path(top) / zone
                directory.mkdir()
                (directory / "name").write_text(name + "\n")
                (directory / "energy_uj").write_text(f"{energy}\n")
                (directory / "max_energy_range_uj").write_text("1000\n")
            energy = microcircuit.Energy(top)
            (pathlib.Path(top) / "intel-rapl:0/energy_uj").write_text("50\n")
            (pathlib.Path(top) / "intel-rapl:0:1/energy_uj").write_text("130\n")
            self.assertAlmostEqual(energy.joules(), (150 + 30) / 1e6)
            self.assertIsNone(microcircuit.Energy(pathlib.Path(top) / "none").joules())


if __name__ == "__main__":
    unittest.main()
