"""What tests of an installed bnsyn share: running commands, and saying what is wrong."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NETWORK = "share/bnsyn/examples/networks/bnsyn.toml"


def run(*command, **options):
    """The output of a command; its output and an exit if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stdout}exit {done.returncode}")
    return done.stdout


def check(holds, what):
    if not holds:
        sys.exit(f"wrong: {what}")


def digests(output):
    """The digests that the outside program prints, after it compared them with the reference."""
    found = [line.split()[-1] for line in output.splitlines() if "digest" in line]
    check(len(found) == 2, f"two digests expected in:\n{output}")
    return found
