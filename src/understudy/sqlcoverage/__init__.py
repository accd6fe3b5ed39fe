"""Coverage of SQL: the statements that tests reached, and which cases of each they showed."""
