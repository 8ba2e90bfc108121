"""What Python users give in many forms: each is understood, or is an error that says what to do."""
import copy
import pickle
import unittest

import bnsyn as bn
import numpy as np
from bnsyn.units import Hz, mV, ms, nS, pA, second, uS
from networks import balanced, cell


def one(**keys):
    """A compiled network of ten neurons, with values that they begin with."""
    net = bn.Network(dt=0.1 * ms, seed=1)
    net.population("a", keys.pop("size", 10), cell(), **{"I": 300 * pA, **keys})
    return net.compile()


def joined(**keys):
    """The synapses of a projection among ten neurons, after the network has spiked."""
    net = bn.Network(dt=0.1 * ms, seed=1)
    a = net.population("a", 10, cell(), v=-51 * mV, I=300 * pA)
    name = net.connect(keys.pop("source", a), keys.pop("target", a),
                       **{"on_pre": "ge += w", "w": 6 * nS, **keys})
    sim = net.compile().run(20 * ms)
    assert sim.spike_count() > 0
    return sim.synapses(name)


class Case(unittest.TestCase):
    def refused(self, kind, text, call):
        """That a call raises a bnsyn.Error that is also of Python's kind, with a text."""
        with self.assertRaisesRegex(bn.Error, text) as caught:
            call()
        self.assertIsInstance(caught.exception, kind)
        self.assertNotIn("incompatible function arguments", str(caught.exception))


class Numbers(Case):
    def test_sizes_of_all_kinds(self):
        for size in (10, 10.0, np.int64(10), np.uint8(10), np.float32(10), np.array(10), "10"):
            self.assertEqual(len(one(size=size).state("a.v")), 10, repr(size))
        self.refused(ValueError, "whole number, not 10.5", lambda: one(size=10.5))
        self.refused(ValueError, "at least 1, not 0", lambda: one(size=0))
        for size in (True, None, [10], 10 * mV):
            self.refused(TypeError, "whole number", lambda: one(size=size))

    def test_initial_arrays_of_all_kinds(self):
        values = np.arange(10) - 70.0
        for given in (
            values * mV, values.tolist() * mV, [v * mV for v in values], values,
            np.array([v * mV for v in values]), values.astype(">f8") * mV,
            values.astype(np.float32) * mV, values.astype(np.int8) * mV,
            np.repeat(values, 2)[::2] * mV, values[::-1][::-1] * mV, mV * values,
            values.astype(np.longdouble) * mV, values / 1000 * bn.units.V,
        ):
            state = one(v=given).state("a.v")
            self.assertTrue(np.allclose(state, values, rtol=1e-15), repr(given))
        frozen = values.copy()
        frozen.setflags(write=False)
        self.assertEqual(one(v=frozen * mV).state("a.v").tolist(), values.tolist())
        self.assertEqual(one(v=values[::-1] * mV).state("a.v").tolist(), values[::-1].tolist())

    def test_initial_arrays_that_are_wrong(self):
        for length in (0, 1, 9, 11):
            self.refused(ValueError, f"has {length} values, but there are 10 neurons",
                         lambda: one(v=np.full(length, -60.0) * mV))
        self.refused(ValueError, "one dimension", lambda: one(v=np.full((10, 1), -60.0) * mV))
        self.refused(ValueError, "not a number", lambda: one(v=np.full(10, np.nan) * mV))
        self.refused(ValueError, "no finite number", lambda: one(v=np.nan * mV))
        self.refused(ValueError, "finite", lambda: one(v=np.full(10, np.inf) * mV))
        self.refused(ValueError, "volt", lambda: one(v=np.full(10, -60.0) * pA))
        self.refused(ValueError, "one unit, not mV and pA",
                     lambda: one(v=[-60 * mV] * 9 + [3 * pA]))
        masked = np.ma.array(np.full(10, -60.0), mask=[True] + [False] * 9)
        self.refused(TypeError, "masked", lambda: one(v=masked * mV))
        self.refused(TypeError, "numbers", lambda: one(v=np.full(10, -60j)))
        self.refused(TypeError, "numbers", lambda: one(v=np.array(["x"] * 10)))
        self.refused(TypeError, "not a function", lambda: one(v=lambda: 3))
        self.refused(ValueError, "did you mean 'v'", lambda: one(vv=-60 * mV))

    def test_lengths_are_checked_where_sizes_are_known_late(self):
        net = bn.Network()
        net.constant(N=3)
        net.population("a", "N", cell(), v=np.array([-60, -61]) * mV)
        self.refused(ValueError, "has 2 values, but there are 3", net.compile)
        net = bn.Network()
        net.population("a", 2, cell(), v=np.array([-60, -61]) * mV)
        net.compile()
        net.set("a.size", 5)
        self.refused(ValueError, "has 2 values, but there are 5", net.compile)
        net = bn.Network()
        a = net.population("a", 10, cell(), v=-60 * mV)
        net.group("left", a[5:], v=np.arange(5.0) * mV)
        self.assertEqual(net.compile().state("a.v").tolist(), [-60] * 5 + [0, 1, 2, 3, 4])
        self.refused(ValueError, "5 neurons", lambda: net.group("more", a[5:], v=np.zeros(4) * mV))

    def test_a_refused_call_leaves_the_network_as_it_was(self):
        net = bn.Network()
        net.population("a", 2, cell(), v=np.array([-60, -61]) * mV)
        self.refused(ValueError, "already 'a'",
                     lambda: net.population("a", 2, cell(), v=np.array([-70, -71]) * mV))
        self.assertEqual(net.compile().state("a.v").tolist(), [-60, -61])

    def test_parameters_are_one_number(self):
        net = bn.Network()
        self.refused(ValueError, "declare a variable 'I_e'",
                     lambda: net.population("b", 3, "adex", I_e=np.arange(3) * pA))

    def test_short_floats_are_what_they_print(self):
        self.assertEqual((np.float32(0.1) * ms).value, 0.1)
        self.assertEqual(bn.Network(dt=np.float32(0.1) * ms).text(), bn.Network().text())
        self.assertEqual(one().run(np.float32(0.3) * ms).step, 3)
        self.assertEqual((np.array([100], np.int8) * second).value.tolist(), [100000])
        self.assertEqual((-(np.array([100], np.uint8) * mV)).value.tolist(), [-100])

    def test_units_on_either_side(self):
        self.assertEqual((np.array([1, 2]) / ms).value.tolist(), [1, 2])
        self.assertEqual((1 / ms).value, (1000 * Hz).value)
        self.assertEqual((mV * [1, 2]).value.tolist(), ([1, 2] * mV).value.tolist())
        for wrong in (None, "x", 3j, [1j]):
            self.refused(TypeError, "numbers", lambda: wrong * mV)
        self.refused(TypeError, "without unit", lambda: (3 * mV) ** (2 * mV))

    def test_quantities_and_networks_are_copied(self):
        for value in (3 * mV, mV, np.arange(3) * mV):
            for copied in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
                self.assertEqual(repr(copied), repr(value))
                self.assertEqual(copied.dimension, value.dimension)
        net, _ = balanced(200)
        for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            sims = [n.compile().run(20 * ms) for n in (copied, net)]
            self.assertEqual(sims[0].digest, sims[1].digest)
            self.assertGreater(sims[0].spike_count(), 0)


class Neurons(Case):
    def test_parts_that_are_chosen(self):
        _, cells = balanced(400)
        for index, text in ((np.int64(3), "cells[3]"), (np.array(3), "cells[3]"),
                            (range(3), "cells[[0, 1, 2]]"), (slice(10, 20, 3), "cells[10:20:3]"),
                            (np.arange(400) >= 398, "cells[[398, 399]]"),
                            ([-2, -1], "cells[[398, 399]]"),
                            (slice(np.int64(1), np.int64(5)), "cells[1:5]")):
            self.assertEqual(str(cells[index]), text)

    def test_parts_that_are_not(self):
        _, cells = balanced(400)
        for index in (3.7, np.array([1.5]), True, None, ..., (1, 2), {1, 2}, np.array([[1, 2]])):
            self.refused(TypeError, "cells", lambda: cells[index] and self.fail(str(index)))
        for index in (400, -401, [1, 400], np.ones(3, bool), np.ones(500, bool)):
            self.refused(IndexError, "400 neurons", lambda: cells[index])
        for index in ([], np.zeros(400, bool), slice(5, 5)):
            self.refused(ValueError, "no neurons", lambda: cells[index])
        for index in ([5, 1], [1, 1]):
            self.refused(ValueError, "once, in the order of their numbers", lambda: cells[index])

    def test_neurons_have_no_values_to_set(self):
        _, cells = balanced(400)
        advice = r"net.population\(..., v=...\).*sim\[\"cells.v\"\]"
        with self.assertRaisesRegex(AttributeError, advice):
            cells.v = -60 * mV
        with self.assertRaises(AttributeError):
            cells[:5].v = -60 * mV

    def test_they_complete_their_variables(self):
        net, cells = balanced(400)
        self.assertLessEqual({"v", "ge", "gi", "I"}, set(dir(cells[:5])))
        left = net.group("left", cells[:5])
        self.assertIn("ge", dir(left))
        net.population("b", 3, "adex")
        self.assertIn("V", dir(net["b"]))
        self.assertEqual(net._ipython_key_completions_(), ["cells", "b", "left"])

    def test_they_belong_to_their_network(self):
        net, _ = balanced(400)
        other, others = balanced(400)
        self.refused(ValueError, "another network", lambda: net.connect(others, "cells", "ge += w"))
        self.refused(ValueError, "another network", lambda: net.record(others[:5].v))
        self.refused(ValueError, "another network",
                     lambda: net.stimulus("s", others, "poisson", rate=1 * Hz))

    def test_names_are_those_of_the_language(self):
        net = bn.Network()
        for name in ("zéllen", "my cells", "my-cells", "", "a'b\n", "3a", "a.b"):
            self.refused(ValueError, "cannot name a population",
                         lambda: net.population(name, 3, cell()))
        self.refused(TypeError, "is a string, not 3", lambda: net.population(3, 3, cell()))
        a = net.population(np.str_("a"), 3, cell())
        self.refused(ValueError, "cannot name a projection",
                     lambda: net.connect(a, a, "ge += w", name="ü", w=1 * nS))
        self.refused(KeyError, "there are a", lambda: net["b"])
        with self.assertRaises(bn.Error) as caught:
            net["b"]
        self.assertTrue(str(caught.exception).startswith("no population"))  # not in quotes


class Connections(Case):
    pairs = dict(i=np.array([0, 1, 2]), j=np.array([1, 2, 3]))

    def test_arrays_of_all_kinds(self):
        for w in ([1, 2, 3] * nS, [0.001, 0.002, 0.003] * uS, [1 * nS, 2 * nS, 3 * nS],
                  np.arange(1, 7, dtype=np.float32)[::2] * 0.5 * nS + 0.5 * nS,
                  np.arange(1, 4, dtype=">f4") * nS, np.arange(1, 4) * nS):
            self.assertEqual(joined(**self.pairs, w=w).w.tolist(), [1, 2, 3])
        for delay in ([1, 2, 3] * ms, [0.001, 0.002, 0.003] * second, [1 * ms, 2 * ms, 3 * ms]):
            self.assertEqual(joined(**self.pairs, delay=delay).delay.tolist(), [1, 2, 3])
        small = dict(i=np.array([0, 1, 2], np.uint8), j=np.array([1.0, 2.0, 3.0], np.float32))
        self.assertEqual(joined(**small).j.tolist(), [1, 2, 3])
        self.assertEqual(joined(i=0, j=1).i.tolist(), [0])
        unsorted = joined(i=[5, 0, 3], j=[1, 1, 2], w=[1, 2, 3] * nS)
        self.assertEqual((unsorted.i.tolist(), unsorted.w.tolist()), ([0, 3, 5], [2, 3, 1]))
        twice = joined(i=[0, 0], j=[1, 1], w=[1, 2] * nS)
        self.assertEqual((twice.j.tolist(), twice.w.tolist()), ([1, 1], [1, 2]))

    def test_numbers_are_those_among_the_parts(self):
        net = bn.Network()
        a = net.population("a", 10, cell())
        name = net.connect(a[5:], a[::2], "ge += w", i=[0, 4], j=[0, 4], w=[1, 2] * nS)
        synapses = net.compile().synapses(name)
        self.assertEqual((synapses.i.tolist(), synapses.j.tolist()), ([5, 9], [0, 8]))
        self.refused(IndexError, "end with 4",
                     lambda: net.connect(a[5:], a, "ge += w", i=[5], j=[0], w=1 * nS))

    def test_no_pairs_are_no_synapses(self):
        self.assertEqual(len(joined(i=[], j=[]).i), 0)
        self.assertEqual(len(joined(i=np.zeros(0, int), j=[], w=np.zeros(0) * nS).i), 0)

    def test_arrays_that_are_wrong(self):
        for wrong in (-1, 10, 0.5, np.nan, 2**32):
            self.refused(IndexError, r"i\[1\] is", lambda: joined(i=[0, wrong], j=[1, 2]))
            self.refused(IndexError, r"j\[0\] is", lambda: joined(i=[0, 1], j=[wrong, 2]))
        for wrong in ([True, False], [0, 1] * mV, "j", [[0, 1]]):
            self.refused((TypeError, ValueError), "i ", lambda: joined(i=wrong, j=[1, 2]))
        self.refused(ValueError, "need both", lambda: joined(i=[0, 1]))
        self.refused(ValueError, "differ in length: i has 3, j has 2",
                     lambda: joined(i=[0, 1, 2], j=[1, 2]))
        for keys in (dict(w=[1, 2] * nS), dict(w=[1] * nS), dict(delay=[1, 2] * ms)):
            self.refused(ValueError, "differ in length", lambda: joined(**self.pairs, **keys))
        self.refused(ValueError, "time", lambda: joined(**self.pairs, delay=[1, 2, 3]))
        self.refused(ValueError, "-1 ms", lambda: joined(**self.pairs, delay=[1, 2, -1] * ms))
        for keys in (dict(w=[1, 2, np.nan] * nS), dict(delay=[1, 2, np.nan] * ms)):
            self.refused(ValueError, "NaN", lambda: joined(**self.pairs, **keys))
        self.refused(ValueError, "volt", lambda: joined(**self.pairs, w=[1, 2, 3] * mV))

    def test_keywords_that_contradict(self):
        self.refused(TypeError, "weight twice", lambda: joined(p=0.5, w=6 * nS, weight=7 * nS))
        for keys in (dict(p=0.5), dict(rule="all_to_all"), dict(n=3)):
            self.refused(ValueError, "leave .* out", lambda: joined(**self.pairs, **keys))
        net = bn.Network()
        a = net.population("a", 10, cell())
        self.refused(TypeError, "on_pre twice",
                     lambda: net.connect(a, a, "ge += w", on_pre="gi += w", w=1 * nS))
        for keys in (dict(w=np.ones(50) * nS), dict(w=1 * nS, delay=np.ones(50) * ms)):
            self.refused(ValueError, "list the synapses with i= and j=",
                         lambda: net.connect(a, a, "ge += w", p=0.5, **keys))
        self.refused(ValueError, "one number for all pairs", lambda: joined(p=np.full(100, 0.5)))
        self.refused(TypeError, "not a function", lambda: joined(p=0.5, w=lambda i, j: 3 * nS))
        for target in (None, 3):
            self.refused(TypeError, "the target is neurons", lambda: joined(target=target, p=0.5))

    def test_numbers_of_rules(self):
        for p in (np.float32(0.5), np.array(0.5), "0.5"):
            self.assertEqual(len(joined(p=p).i), len(joined(p=0.5).i))
        for p in (2, -0.5, np.nan, 0.5 * mV):
            self.refused(ValueError, r"a_a\.rule", lambda: joined(p=p))
        self.refused(ValueError, "multiple of dt", lambda: joined(p=0.5, delay=0.05 * ms))
        self.refused(ValueError, "no finite number", lambda: joined(p=0.5, delay=np.nan * ms))

    def test_events_and_tables(self):
        def events(**keys):
            net = bn.Network(dt=0.1 * ms)
            a = net.population("a", 10, cell(), v=-55 * mV)
            net.events("kick", a, on_event="v += w", weight=20 * mV, **keys)
            return net.compile().run(5 * ms).spikes("a")[1].tolist()

        self.assertEqual(events(times=np.array([0.1, 0.3], np.float32) * ms, index=[2, 7]), [2, 7])
        self.assertEqual(events(times=[2, 1] * ms, index=[2, 7]), [7, 2])
        for index in (-1, 10, 1.5):
            self.refused(IndexError, "index", lambda: events(times=[1] * ms, index=[index]))
        self.refused(ValueError, "no multiple of dt", lambda: events(times=[0.05] * ms, index=[1]))
        self.refused(ValueError, "time", lambda: events(times=[1], index=[1]))
        self.refused(ValueError, "differ in length", lambda: events(times=[1, 2] * ms, index=[1]))
        self.refused(ValueError, "leave it out", lambda: events(times=[] * ms, index=[]))
        self.refused(TypeError, "mask", lambda: events(times=[1, 2] * ms, index=[True, False]))
        net = bn.Network()
        self.refused(ValueError, "one dimension",
                     lambda: net.table("drive", np.zeros((2, 2, 2)) * mV, dt=1 * ms))
        self.refused(ValueError, "differ in length",
                     lambda: net.table("drive", np.zeros(3) * mV, times=[1, 2] * ms))


class Simulations(Case):
    @classmethod
    def setUpClass(cls):
        cls.net, cls.cells = balanced(400)
        cls.sim = cls.net.compile().run(20 * ms)

    def test_times_of_runs(self):
        sim = self.net.compile()
        for duration, step in ((0 * ms, 0), (np.array(1.0) * ms, 10), (ms, 20)):
            self.assertEqual(sim.run(duration).step, step)
        for steps, step in ((np.int64(3), 23), (2.0, 25)):
            self.assertEqual(sim.run(steps=steps).step, step)
        for duration in (-1 * ms, 0.05 * ms, np.nan * ms, np.inf * ms, 1e30 * second, 1 * mV, 1,
                         "1 ms", np.array([1.0, 2.0]) * ms):
            self.refused(ValueError, "time|multiple of dt", lambda: sim.run(duration))
        for steps in (-1, 1.5, 2**64):
            self.refused(ValueError, "steps=", lambda: sim.run(steps=steps))
        self.refused(TypeError, "whole number", lambda: sim.run(steps=True))
        self.refused(TypeError, "not both", lambda: sim.run(1 * ms, steps=5))
        self.refused(TypeError, "progress=", lambda: sim.run(1 * ms, progress=3))
        self.assertEqual(sim.step, 25)

    def test_options_of_compile(self):
        self.assertEqual(self.net.compile(threads=np.int64(2), memory_limit=1e9).step, 0)
        for threads in (0, -1, 100000, 1.5):
            self.refused(ValueError, "threads=", lambda: self.net.compile(threads=threads))
        for keys in (dict(threads=None), dict(backend=None)):
            self.refused(TypeError, "=", lambda: self.net.compile(**keys))
        self.refused(ValueError, "no backend 'gpu'", lambda: self.net.compile(backend="gpu"))
        self.refused(MemoryError, "memory", lambda: self.net.compile(memory_limit=1000))

    def test_states_are_set_in_many_forms(self):
        sim, count = self.sim, 400
        values = np.arange(count) / 10 - 80
        for given in (values, values * mV, values.astype(">f8"), np.repeat(values, 2)[::2],
                      values[::-1][::-1], values[np.newaxis], values / 1000 * bn.units.V):
            sim["v"][:] = given
            self.assertTrue(np.allclose(sim["v"], values, rtol=1e-14))
        sim["cells.v"][2:5] = [-60 * mV, -61 * mV, -62 * mV]
        self.assertEqual(sim["v"][1:6].tolist(), [-79.9, -60, -61, -62, -79.5])
        sim["v"][::100] = -70 * mV
        self.assertEqual(sim["v"][::100].tolist(), [-70] * 4)
        sim["v"][sim["v"] < -75] = -75
        self.assertEqual(sim["v"][:].min(), -75)
        sim["v"][[1, -1]] = [-65, -66]
        self.assertEqual((sim["v"][1], sim["v"][399], sim["v"][-1]), (-65, -66, -66))

    def test_states_are_changed_in_place(self):
        sim = self.sim
        sim["I"] = 200 * pA
        sim["I"] += 50 * pA
        sim["I"] -= 10
        sim["I"] *= 2
        sim["I"] /= 4
        self.assertEqual(sim["I"][:].tolist(), [120] * 400)
        self.refused(ValueError, "volt", lambda: sim["I"].__iadd__(1 * mV))
        self.assertEqual((sim["I"] + 1)[0], 121)
        self.assertEqual(np.sqrt(sim["I"])[0], np.sqrt(120))
        other = self.net.compile()
        other["I"] = sim["I"]
        self.assertEqual(other["I"][:].tolist(), [120] * 400)
        self.refused(ValueError, "volt", lambda: other.__setitem__("v", sim["I"]))

    def test_states_that_are_set_wrong(self):
        sim = self.sim
        kept = sim.state("v").tolist()
        for index, value in ((slice(None), np.ones(3)), (slice(2, 5), [1, 2]),
                             (slice(None), np.zeros((400, 1))), (slice(None), np.zeros((20, 20)))):
            self.refused(ValueError, "shapes differ", lambda: sim["v"].__setitem__(index, value))
        for value in (np.nan, np.inf, np.nan * mV):
            self.refused(ValueError, "finite", lambda: sim["v"].__setitem__(3, value))
        for value in ("x", None, 1j, np.full(400, 1j), np.ma.array(np.zeros(400), mask=True)):
            self.refused(TypeError, "cells.v", lambda: sim["v"].__setitem__(slice(None), value))
        self.refused(ValueError, "mV and pA",
                     lambda: sim["v"].__setitem__(slice(2), [1 * mV, 1 * pA]))
        self.refused(ValueError, "volt", lambda: sim.__setitem__("v", -60 * pA))
        with self.assertRaises(IndexError):
            sim["v"][400]
        with self.assertRaises(IndexError):
            sim["v"][400] = 1
        self.assertEqual(sim.state("v").tolist(), kept)

    def test_names_of_variables(self):
        sim = self.sim
        self.refused(KeyError, "did you mean 'v'.*cells.ge", lambda: sim["vv"])
        self.refused(KeyError, "did you mean 'cells.v'", lambda: sim["cell.v"])
        for name in (None, 3, ("v", 3), self.cells):
            self.refused(TypeError, "a variable is named", lambda: sim[name])
        self.assertIn("cells.v", sim)
        self.assertNotIn("cells.w", sim)
        self.assertEqual(list(sim), list(sim.variables()))
        self.refused(KeyError, "no parameter", lambda: sim.set_parameter("cells.tau", 3 * ms))
        self.refused(KeyError, "no projection", lambda: sim.synapses("x"))
        self.refused(ValueError, "did you mean 'cells'", lambda: sim.spikes("cell"))
        self.refused(ValueError, "500 is past the end", lambda: sim.spikes("cells[0:500]"))

    def test_inputs_of_hosts(self):
        net = bn.Network(dt=0.1 * ms)
        model = bn.Model("dv/dt = (drive - v)/(5*ms) : volt\ndrive : volt (input)",
                         threshold="v > 1*mV", reset="v = 0*mV")
        c = net.population("c", 5, model)
        net.stimulus("hand", c, "host", on_event="v += w", weight=2 * mV)
        net.stimulus("push", c, "host", variable="drive")
        sim = net.compile()
        sim.set_input(c, "push", np.arange(5) * mV)
        sim.add_events(c, "hand", 1)
        sim.inject(c, [2])
        sim.run(30 * ms)
        self.assertEqual(set(sim.spikes(c)[1].tolist()), {1, 2, 3, 4})
        for value, text in ((3 * pA, "volt"), (np.arange(3) * mV, "or 5"), (np.nan * mV, "nan"),
                            (np.ones((5, 1)), "shape")):
            self.refused(ValueError, text, lambda: sim.set_input(c, "push", value))
        for give in (lambda i: sim.add_events(c, "hand", i), lambda i: sim.inject(c, i)):
            for wrong in ([-1], [5], [1.7], [np.nan], [2**32 + 1]):
                self.refused(IndexError, r"indices\[0\]", lambda: give(wrong))
            self.refused(TypeError, "mask", lambda: give(np.array([True, False])))
        self.refused(KeyError, "whole population", lambda: sim.inject(c[2:], [0]))
        self.refused(ValueError, "1 numbers for 2", lambda: sim.add_events(c, "hand", [1, 2], [2]))

    def test_checkpoints_that_do_not_fit(self):
        here = self.sim.save()
        self.assertRegex(repr(here), r"<Checkpoint at .* ms, step \d+, \d+ bytes>")
        self.assertIsInstance(here, bn.Checkpoint)
        for seed, size in ((7, 400), (42, 200)):
            other, _ = balanced(size, seed)
            self.refused(RuntimeError, "of another network", lambda: other.compile().restore(here))
        self.refused(ValueError, "no file", lambda: self.sim.restore("/nonexistent"))
        self.refused(ValueError, "written or copied whole",
                     lambda: self.sim.restore(here.bytes()[:-5]))
        self.refused(RuntimeError, "cannot write", lambda: self.sim.save("/nonexistent/here"))
        for copied in (copy.copy(here), copy.deepcopy(here), here.bytes()):
            other = self.net.compile().restore(copied)
            self.assertEqual(other.digest, self.sim.digest)
        for take in (copy.copy, copy.deepcopy, pickle.dumps):
            self.refused(TypeError, r"sim\.save\(\)", lambda: take(self.sim))

    def test_what_is_recorded(self):
        for every in (1 * mV, 1, "0.5 ms", 0.05 * ms, 0 * ms, -1 * ms, np.nan * ms, [1, 2] * ms):
            def record():
                net, cells = balanced(400)
                net.record(cells.v, every=every)
                net.compile()

            self.refused(ValueError, "every|samples", record)
        for what in (None, 3, self.cells):
            self.refused(TypeError, "a variable is recorded", lambda: self.net.record(what))
        net, cells = balanced(400)
        net.record(cells[:5].vv)
        self.refused(ValueError, "did you mean 'cells.v'", net.compile)


if __name__ == "__main__":
    unittest.main()
