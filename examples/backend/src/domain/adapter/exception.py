"""Errors of requests to other systems."""

from src.domain.exception import DomainException


class AdapterException(DomainException):
    """Another system rejected the request (401, 403, 404), failed (502) or timed out (504)."""
