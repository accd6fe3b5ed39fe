"""A server in the test process: its sockets and threads, its clients, and who they are."""
