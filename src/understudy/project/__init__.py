"""A user's project: its Python sources, pytest's configuration, and pytest in a child process."""
