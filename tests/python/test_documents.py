import contextlib
import io
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def twenty_lines():
    """Those of the example, between its two rules."""
    rule = "# " + 98 * "-" + "\n"
    return read("examples", "python", "twenty_lines.py").split(rule)[1]


class Documents(unittest.TestCase):
    def test_the_twenty_lines_are_the_same_everywhere(self):
        indented = "".join("    " + line + "\n" for line in twenty_lines().splitlines())
        self.assertGreater(len(indented.splitlines()), 15)
        self.assertIn(indented, read("README.md"))
        self.assertIn(indented, read("docs", "python.md"))

    def test_the_blocks_of_the_guide_run(self):
        text = read("docs", "python.md")
        space = {}
        blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            line = text[: block.start(1)].count("\n")
            code = compile("\n" * line + block[1], "docs/python.md", "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, space)
        self.assertGreater(space["sim"].spike_count("exc"), 0)


if __name__ == "__main__":
    unittest.main()
