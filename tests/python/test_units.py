import unittest

import bnsyn as bn
import numpy as np
from bnsyn import _core, units
from bnsyn.units import Mohm, cm, kHz, mV, minute, ms, nA, nS, pA, pF, second, uF, uV


class Units(unittest.TestCase):
    def test_every_unit_is_that_of_the_language(self):
        for name in dir(units):
            unit = getattr(units, name)
            if not isinstance(unit, bn.Quantity):
                continue
            dimension, value = _core.parse_unit(name)
            self.assertEqual(unit.dimension, tuple(dimension), name)
            self.assertAlmostEqual(unit.value / value, 1, 15, name)

    def test_products_round_once(self):
        self.assertEqual((9 * uV).value, 0.009)
        self.assertEqual((5 * uF / cm**2).value, 0.05)
        self.assertEqual((1 * minute).value, 60000)
        self.assertEqual((3 * nA).value, 3000)

    def test_quotients_are_plain_numbers_where_dimensions_are_equal(self):
        self.assertEqual(5 * mV / mV, 5)
        self.assertEqual((10 * nS) * (2 * mV) / pA, 20)
        self.assertEqual((100 * Mohm) * (10 * nS), 1)
        self.assertEqual(1 / (20 * ms) / kHz, 0.05)

    def test_sums_and_comparisons_need_one_dimension(self):
        self.assertEqual(sum([1 * mV, 2 * mV]), 3 * mV)
        self.assertTrue(1 * ms < 1 * second)
        with self.assertRaisesRegex(bn.Error, "3 mV is volt, and 5 ms is second"):
            3 * mV + 5 * ms
        with self.assertRaisesRegex(ValueError, "2 is a number without unit"):
            3 * mV < 2
        with self.assertRaises(bn.InvalidError):
            1 + 3 * mV
        self.assertFalse(1 * mV == 1 * ms)

    def test_arrays_have_units(self):
        v = np.array([1.0, 2.0, 3.0]) * mV
        self.assertEqual((v / mV).tolist(), [1, 2, 3])
        self.assertEqual((v / uV).tolist(), [1000, 2000, 3000])
        self.assertEqual(v[1], 2 * mV)
        self.assertEqual(len(v), 3)
        self.assertEqual((v > 1.5 * mV).tolist(), [False, True, True])
        self.assertEqual((np.float64(2) * mV).value, 2)
        self.assertIs((v / mV), v.value)  # no copy

    def test_functions_of_numpy(self):
        v = np.array([1.0, 4.0]) * mV
        self.assertEqual(np.sqrt(4 * mV**2), 2 * mV)
        self.assertEqual(np.sqrt(v * mV).value.tolist(), [1, 2])
        self.assertEqual((np.array([1, 2]) * v).value.tolist(), [1, 8])
        self.assertEqual((np.array([1, 2]) / v).value.tolist(), [1, 0.5])
        self.assertEqual(np.maximum(v, 2 * mV).value.tolist(), [2, 4])
        self.assertEqual(np.abs(-v).value.tolist(), [1, 4])
        self.assertEqual(np.isfinite(v).tolist(), [True, True])
        self.assertEqual((v != 4 * mV).tolist(), [True, False])
        self.assertEqual(np.exp(v / mV).tolist(), np.exp([1.0, 4.0]).tolist())
        self.assertEqual(np.mean(v), 2.5 * mV)
        for call in (lambda: np.exp(3 * mV), lambda: np.log(v), lambda: np.array([1.0]) ** v):
            with self.assertRaisesRegex(TypeError, "without unit"):
                call()
        for call in (lambda: np.array([1.0, 2.0]) + v, lambda: v - np.array([1.0, 2.0]),
                     lambda: np.array([1.0, 2.0]) < v, lambda: np.minimum(v, 3 * ms)):
            with self.assertRaisesRegex(ValueError, "must have one dimension"):
                call()
        x = np.array([1.0, 2.0])
        with self.assertRaisesRegex(TypeError, r"x = x\*mV"):
            x *= mV
        self.assertEqual(x.tolist(), [1, 2])

    def test_quantities_print_as_errors_do(self):
        self.assertEqual(repr(-60 * mV), "-60 mV")
        self.assertEqual(repr(0.5 * second), "500 ms")
        self.assertEqual(repr(1 * mV / ms), "1 mV/ms")
        self.assertEqual(repr(mV), "mV")
        self.assertEqual(f"{1.23456 * pF:.2f}", "1.23 pF")
        self.assertEqual(repr(np.array([1.0, 2.0]) * nS), "[1. 2.] nS")


if __name__ == "__main__":
    unittest.main()
