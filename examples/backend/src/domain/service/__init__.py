"""Operations: they combine DAOs and adapters, and audit every write."""
