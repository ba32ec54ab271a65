#!/usr/bin/python3
"""The parts of tools/sample: metrics of signals with known answers, names that fit, relations with stated strengths."""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

import numpy as np  # noqa: E402

from sampling import fractal, packages, text_vectors  # noqa: E402
from sampling.names import short  # noqa: E402
from sampling.table_directory import TableDirectory  # noqa: E402

noise = np.random.default_rng(7).standard_normal((32, 4096))


class FractalTest(unittest.TestCase):
    def test_higuchi_dimension_is_one_for_a_line_and_two_for_noise(self):
        line = np.linspace(0, 1, 4096)[None, :]
        self.assertAlmostEqual(fractal.higuchi_dimension(line)[0], 1.0, places=6)
        self.assertAlmostEqual(fractal.higuchi_dimension(noise).mean(), 2.0, delta=0.02)

    def test_hurst_exponent_is_half_for_noise_and_one_more_for_its_sum(self):
        self.assertAlmostEqual(fractal.hurst_exponent(noise).mean(), 0.5, delta=0.06)
        self.assertAlmostEqual(fractal.hurst_exponent(np.cumsum(noise, axis=1)).mean(), 1.5, delta=0.06)

    def test_spectrum_falls_with_the_order(self):
        spectrum = fractal.multifractal_spectrum(noise).mean(axis=0)
        self.assertEqual(spectrum.shape, (20,))
        self.assertGreater(spectrum[0], spectrum[-1])

    def test_lacunarity_is_one_for_an_even_pattern(self):
        even = np.tile([0.0, 1.0], 64)[None, :]
        self.assertAlmostEqual(fractal.lacunarity(even)[0], 1.0)
        clump = np.repeat([0.0, 1.0], 64)[None, :]
        self.assertGreater(fractal.lacunarity(clump)[0], 1.5)

    def test_silence_has_no_metrics(self):
        silence = np.zeros((1, 512))
        for metric in (fractal.higuchi_dimension, fractal.hurst_exponent, fractal.lacunarity):
            self.assertTrue(np.isnan(metric(silence)[0]), metric.__name__)


class NamesTest(unittest.TestCase):
    def test_keeps_what_fits_and_shortens_the_rest_to_the_width(self):
        self.assertEqual(short("a" * 64, 64), "a" * 64)
        first, second = short("a" * 65, 64), short("a" * 64 + "b", 64)
        self.assertEqual((len(first), len(second)), (64, 64))
        self.assertNotEqual(first, second)
        self.assertTrue(first.startswith("a" * 55 + "~"))

    def test_never_cuts_a_character_in_half(self):
        self.assertLessEqual(len(short("é" * 40, 32).encode()), 32)


class PackagesTest(unittest.TestCase):
    def test_parses_relations_with_alternatives_and_keeps_the_strongest_type(self):
        text = ("Package: a\nDepends: b (>= 1), c | d\nSuggests: b\n\nPackage: b\nSection: libs\n\n"
                "Package: c\n\nPackage: d\nDescription: short\n continued\n")
        parsed = packages.parse(text)
        self.assertEqual([p["Package"] for p in parsed], ["a", "b", "c", "d"])
        self.assertEqual(parsed[3]["Description"], "short continued")
        relations = packages.parse_relations(parsed[0], {"b": 1, "c": 2, "d": 3})
        self.assertEqual(relations, [(1, "Depends", 0.9), (2, "Depends", 0.45), (3, "Depends", 0.45)])

    def test_network_dimension_of_a_chain_is_about_one_and_of_a_leaf_unknown(self):
        chain = np.arange(2000)
        dimension = packages.network_dimension(2000, chain[:-1], chain[1:])
        self.assertAlmostEqual(np.nanmean(dimension[:1000]), 0.7, delta=0.3)  # N(r) = r + 1, so a little below one
        self.assertTrue(np.isnan(dimension[-1]))


class TextVectorsTest(unittest.TestCase):
    def test_like_texts_are_near_and_vectors_have_unit_length(self):
        texts = text_vectors.HashedTexts(["relational database server", "object database server", "puzzle game", ""])
        rows = np.empty((4, 512), dtype=np.float32)
        texts.project(rows, 2, lambda *_: None, "")
        self.assertTrue(np.allclose(np.linalg.norm(rows[:3], axis=1), 1))
        self.assertGreater(rows[0] @ rows[1], rows[0] @ rows[2] + 0.1)
        self.assertEqual(list(texts.present()), [True, True, True, False])
        self.assertFalse(rows[3].any())


class TableDirectoryTest(unittest.TestCase):
    def test_refuses_columns_of_different_length(self):
        with tempfile.TemporaryDirectory() as root:
            table = TableDirectory(root, "t")
            table.numbers("a", np.arange(3))
            table.values("b", ["x", None])
            with self.assertRaisesRegex(ValueError, "differ in length"):
                table.finish()


if __name__ == "__main__":
    unittest.main()
