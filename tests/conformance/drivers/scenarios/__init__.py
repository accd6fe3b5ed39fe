"""What every driver does, and what is peculiar to each; importing a module adds its behaviours."""
