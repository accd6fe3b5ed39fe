"""What can go wrong when another system is asked."""

from src.domain.exception import DomainException


class AdapterException(DomainException):
    """Another system refused (401, 403, 404), failed (502) or took too long (504)."""
