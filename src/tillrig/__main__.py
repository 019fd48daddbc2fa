"""`python -m tillrig` is `tillrig`."""

from tillrig.cli import main

if __name__ == "__main__":
    main(prog_name="tillrig")
