"""Every mutant of the reference backend's SQL and parameters, against four kinds of tests."""
