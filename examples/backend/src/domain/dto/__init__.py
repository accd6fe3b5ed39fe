"""Request and response models (pydantic), grouped by entity."""
