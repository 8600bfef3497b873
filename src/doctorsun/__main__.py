"""Run the command line as ``python -m doctorsun``."""

from doctorsun.cli.main import main

if __name__ == "__main__":
    main()
