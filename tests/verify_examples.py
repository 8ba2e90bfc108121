#!/usr/bin/env python3
"""Runs `bnsyn verify` on every example, as tests/digests.json has it.

    tests/verify_examples.py                        # with build/release/bin/bnsyn
    tests/verify_examples.py --only coba --jobs 1   # examples whose path contains "coba"

Prints a line for each; exit code 1 if anything is red. The ratio of speeds is no matter here: a
machine that runs other programs would turn it red.
"""
import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Rows that a network cannot keep, each with the reason.
PER_STEP = "its noise is a number for each step of 1 ms, and twice as many make another network"
KNOWN = {
    "izhikevich": {"rates-half-dt": PER_STEP},
    "distal-reward": {"rates-half-dt": PER_STEP, "sigma-half-dt": PER_STEP},
}


def stem(receipt):
    return pathlib.Path(receipt["settings"]["network"]).stem


def verify(command, receipt, inject):
    settings = receipt["settings"]
    words = [command, "verify", settings["network"], "--json", "--seed", str(settings["seed"]),
             "--duration", receipt.get("verify", "100 ms"), "--skip", "updates-per-sec"]
    for value in settings.get("set", []):
        words += ["--set", value]
    for row in KNOWN.get(stem(receipt), {}):
        words += ["--skip", row]
    if inject:
        words += ["--inject", inject]
    result = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    try:
        return json.loads(result.stdout), result.returncode
    except json.JSONDecodeError:
        return {"rows": [], "error": result.stderr.strip()}, result.returncode


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bnsyn", default=str(ROOT / "build/release/bin/bnsyn"))
    parser.add_argument("--only", default="", help="only examples whose path contains this")
    parser.add_argument("--jobs", type=int, default=2, help="examples at a time")
    parser.add_argument("--inject", default="", help="an error that must turn examples red")
    arguments = parser.parse_args()

    receipts = [receipt for receipt in json.loads((ROOT / "tests/digests.json").read_text())
                if arguments.only in receipt["settings"]["network"] and not receipt.get("slow")]
    if not receipts:
        sys.exit(f"tests/digests.json has no example of the name {arguments.only}")
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda one: verify(arguments.bnsyn, one, arguments.inject), receipts)
        for receipt, (result, code) in zip(receipts, results):
            rows = result["rows"]
            counts = {verdict: sum(row["verdict"] == verdict for row in rows)
                      for verdict in ("ok", "left out", "RED")}
            good = code == 0 and counts["ok"] >= 10
            bad += not good
            known = KNOWN.get(stem(receipt), {})
            print(f"{'ok ' if good else 'RED'} {counts['ok']:3} rows, {counts['left out']} left out"
                  f"  {receipt['settings']['network']}"
                  + "".join(f"\n      without {row}: {why}" for row, why in known.items()),
                  flush=True)
            for row in rows:
                if row["verdict"] == "RED":
                    print(f"      {row['row']}: {row['measured']}, limit {row['limit']}; "
                          f"{row['note']}")
            if "error" in result:
                print(f"      {result['error']}")
    print(f"{len(receipts)} examples, {bad} not equivalent")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
