"""Settings, the application factory and the migration command."""
