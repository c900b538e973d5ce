"""`python -m sadtalker3d`."""

from sadtalker3d.cli import main

main()
