"""What MySQL or MariaDB says of a statement, and the checks of calls and answers against it."""
