"""`python -m understudy`: the command line where the script is not on PATH."""

from understudy.cli import main

main()
