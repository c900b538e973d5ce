"""Every benchmark, one after the other, as one JSON object: `python -m tests.benchmarks [name ...]`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Run each in a process of its own, so that first-call costs are counted."""
    modules = {path.stem.removeprefix("bench_"): path.stem for path in FOLDER.glob("bench_*.py")}
    modules["facevid2vid"] = "facevid2vid"
    results, failed = {}, 0
    for name in sorted(n for n in modules if not wanted or n in wanted):
        print(f"{name} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            # as a module: the package beside these tests is measured, not another one that is installed
            [sys.executable, "-m", f"tests.benchmarks.{modules[name]}"],
            capture_output=True,
            text=True,
            cwd=FOLDER.parents[1],
        )
        if done.returncode:
            failed = 1
            results[name] = {"error": done.stderr.strip().splitlines()[-1:]}
        else:
            results[name] = json.loads(done.stdout)
    print(json.dumps(results, indent=2))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
