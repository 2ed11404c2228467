"""``python -m swayline.cli``: the same command."""

from swayline.cli.app import main

main()
