"""A real MariaDB or MySQL, isolated for each test, in which single statements may be scripted."""
