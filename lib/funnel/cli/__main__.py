"""`python -m funnel.cli`: the same as the command `funnel`."""

from funnel.cli import main

main()
