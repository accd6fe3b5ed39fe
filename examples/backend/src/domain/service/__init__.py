"""What the backend does: DAOs and adapters put together, writes audited."""
