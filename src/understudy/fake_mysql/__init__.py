"""A scripted MySQL in the test process, to which real drivers connect."""
