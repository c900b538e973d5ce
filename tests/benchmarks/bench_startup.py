"""How long `import sadtalker3d` and `sadtalker3d --help` take; prints JSON.

Each is the median of several fresh processes; the imports are less what an empty Python takes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

RUNS = 7
HEAVY = ("torch", "librosa", "cv2", "scipy", "pyrender", "OpenGL", "av", "bpy", "soundfile")


def seconds(*arguments: str) -> float:
    """Median wall time of a Python process with those arguments."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    seconds("-c", "import sadtalker3d, numpy")  # the disk's cache is filled
    empty = seconds("-c", "pass")
    asked = f"import sys, sadtalker3d; print(*(set({HEAVY}) & set(sys.modules)))"
    loaded = subprocess.check_output([sys.executable, "-c", asked], text=True)
    result = {
        "python_s": round(empty, 3),
        "import_sadtalker3d_s": round(seconds("-c", "import sadtalker3d") - empty, 3),
        "import_track_s": round(seconds("-c", "import sadtalker3d.track") - empty, 3),
        "help_s": round(seconds("-m", "sadtalker3d", "--help"), 3),
        "heavy_modules_loaded": loaded.split(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
