"""Shows that each comparison can fail: python3 compare_test.py."""

import unittest

import numpy as np

import compare


def poisson_run(rates, seed, seconds=10, dt=1e-4):
    """Independent neurons, each with a rate in Hz."""
    rng = np.random.default_rng(seed)
    neurons, steps = np.nonzero(rng.random((len(rates), round(seconds / dt))) < np.asarray(rates)[:, None] * dt)
    order = np.lexsort((neurons, steps))
    return compare.Run(steps[order], neurons[order], np.zeros((3, len(rates))), len(rates), seconds)


class Compare(unittest.TestCase):
    rates = np.random.default_rng(1).normal(20, 3, 400)

    def test_rates_and_cvs_of_poisson_neurons(self):
        run = poisson_run(self.rates, seed=2)
        self.assertLess(np.max(np.abs(run.rates() - self.rates)), 5 * np.sqrt(2))  # five standard errors
        self.assertAlmostEqual(np.mean(run.cvs()), 1, delta=0.02)

    def test_cv_of_a_clock_is_zero(self):
        steps = np.arange(0, 1000, 10)
        run = compare.Run(steps, np.zeros(100, np.int64), np.zeros((1, 2)), 2, 0.1)
        self.assertEqual(run.cvs().tolist(), [0])  # the other neuron never spikes

    def test_equal_distributions_pass(self):
        a, b = poisson_run(self.rates, seed=2), poisson_run(self.rates, seed=3)
        self.assertGreater(compare.kolmogorov_smirnov(a.rates(), b.rates()), 0.01)
        self.assertGreater(compare.kolmogorov_smirnov(a.cvs(), b.cvs()), 0.01)

    def test_rates_five_percent_off_are_noticed(self):
        a, b = poisson_run(self.rates, seed=2), poisson_run(1.05 * self.rates, seed=3)
        self.assertLess(compare.kolmogorov_smirnov(a.rates(), b.rates()), 0.01)

    def test_more_regular_spikes_are_noticed(self):
        a, b = poisson_run(self.rates, seed=2), poisson_run(2 * self.rates, seed=3)
        keep = np.zeros(len(b.steps), bool)
        for neuron in range(b.size):
            keep[np.flatnonzero(b.neurons == neuron)[::2]] = True  # every other spike: a CV of 0.71
        b.steps, b.neurons = b.steps[keep], b.neurons[keep]
        self.assertLess(compare.kolmogorov_smirnov(a.cvs(), b.cvs()), 0.01)

    def test_p_values_are_those_of_tables(self):
        # 1.628 and 1.358 are the 1 % and 5 % points of the limit; a thousand samples each, moved by that much.
        a = np.arange(1000.0)
        for point, p in ((1.628, 0.01), (1.358, 0.05)):
            moved = round(point * np.sqrt(2 / 1000) * 1000)
            self.assertAlmostEqual(compare.kolmogorov_smirnov(a, a + moved), p, delta=0.1 * p)
        self.assertEqual(compare.kolmogorov_smirnov(a, a), 1)

    def test_first_difference_of_spikes(self):
        a = poisson_run(self.rates, seed=2, seconds=0.1)
        moved = compare.Run(a.steps.copy(), a.neurons, a.trace, a.size, a.seconds)
        self.assertEqual(compare.first_difference(a, moved, 1000), (None, len(a.steps)))
        moved.steps[300:] += 1
        self.assertEqual(compare.first_difference(a, moved, 1000)[0], a.steps[300])
        shorter = compare.Run(a.steps[:300], a.neurons[:300], a.trace, a.size, a.seconds)
        self.assertEqual(compare.first_difference(a, shorter, 1000), (a.steps[300], 300))
        self.assertEqual(compare.first_difference(a, shorter, a.steps[300])[0], None)

    def test_largest_difference_of_traces(self):
        a = compare.Run(np.zeros(0), np.zeros(0), np.zeros((3, 2)), 2, 1)
        b = compare.Run(np.zeros(0), np.zeros(0), np.zeros((4, 2)), 2, 1)
        b.trace[2, 1], b.trace[3, 0] = -0.5, 7  # the last sample has no counterpart
        self.assertEqual(compare.largest_difference(a, b), 0.5)
        b.trace[1, 0] = np.nan
        self.assertTrue(np.isnan(compare.largest_difference(a, b)))


if __name__ == "__main__":
    unittest.main()
