import os
import signal

pytest_plugins = ["pytester"]

# A program that a shell runs in the background ignores SIGINT, and so does all that it starts. The
# tests that interrupt a process need it as it is at a terminal, however this run was started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Where CI is set, pytest shortens nothing: inner runs print what they print on a desk.
for name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(name, None)
