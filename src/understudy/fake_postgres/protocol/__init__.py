"""The server side of the PostgreSQL protocol, version 3: bytes in, bytes out, no socket."""
