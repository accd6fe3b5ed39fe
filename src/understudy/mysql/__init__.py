"""Facts about MySQL and MariaDB, without I/O: SQL, templates, packets, types, errors."""
