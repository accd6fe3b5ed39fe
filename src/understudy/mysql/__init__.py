"""Facts about MySQL and MariaDB, without I/O: SQL, packets, types, errors."""
