"""The command `funnel`, and `python -m funnel`: stopped while it is loaded, it ends without a traceback."""

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from funnel import cli
    except KeyboardInterrupt:
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
