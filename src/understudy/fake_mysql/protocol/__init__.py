"""The protocol of MySQL, from the server's side: bytes in, bytes out."""
