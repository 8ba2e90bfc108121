import ast
import os
import unittest

import bnsyn as bn
from bnsyn import _core, units

FOLDER = os.path.dirname(bn.__file__)


def declared(stub):
    with open(os.path.join(FOLDER, stub), encoding="utf-8") as file:
        return ast.parse(file.read()).body


class Stubs(unittest.TestCase):
    def test_units_has_a_name_for_each_unit(self):
        names = {n.target.id: n.annotation.id for n in declared("units.pyi")
                 if isinstance(n, ast.AnnAssign)}
        there = {name: type(value).__name__ for name, value in vars(units).items()
                 if isinstance(value, bn.Quantity)}
        self.assertEqual(names, there)

    def test_core_has_what_its_stub_says_and_no_more(self):
        for node in declared("_core.pyi"):
            if isinstance(node, ast.FunctionDef):
                self.assertTrue(hasattr(_core, node.name), node.name)
            if not isinstance(node, ast.ClassDef):
                continue
            stub = {n.name for n in node.body if not n.name.startswith("__")}
            real = {n for n in vars(getattr(_core, node.name)) if not n.startswith("_")}
            self.assertEqual(stub, real, node.name)
        functions = {n.name for n in declared("_core.pyi") if isinstance(n, ast.FunctionDef)}
        real = {n for n, v in vars(_core).items() if callable(v) and not isinstance(v, type)}
        self.assertEqual(functions, real)


if __name__ == "__main__":
    unittest.main()
