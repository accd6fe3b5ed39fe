"""COPY: records, and data in PostgreSQL's binary format."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome
from understudy import db_error

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + struct.pack("!ii", 0, 0)
END = struct.pack("!h", -1)
STATEMENT = "COPY users (email) FROM STDIN (FORMAT binary)"


def binary(*emails: bytes | None) -> bytes:
    """Rows of one field each."""
    data = HEADER
    for email in emails:
        data += struct.pack("!h", 1)
        data += struct.pack("!i", -1) if email is None else struct.pack("!i", len(email)) + email
    return data + END


@pytest.fixture
def copying(subject: Subject) -> Subject:
    subject.on("COPY ... FROM STDIN (FORMAT binary)").optional()
    return subject


async def test_records(copying: Subject) -> None:
    copy = copying.conn.copy_records_to_table
    assert await outcome(lambda: copy("users", [("a",), ("b",)], ["email"])) == 2
    generated = ((f"c{number}",) for number in range(3))
    assert await outcome(lambda: copy("users", generated, columns=["email"])) == 3
    named = {"table_name": "users", "records": [("d", 4)], "columns": ["email", "age"]}
    assert await outcome(lambda: copy(**named, schema_name="public")) == 1
    assert await outcome(lambda: copy("users", [], columns=["email"])) == 0


async def test_a_record_of_another_length(copying: Subject) -> None:
    copy = copying.conn.copy_records_to_table
    columns = ["email", "age"]
    assert await outcome(lambda: copy("users", [("a", 1), ("b",)], columns)) == Raised(
        "PyToRustValueMappingError", "Record at index 1 has 1 fields, expected 2"
    )


@pytest.mark.parametrize("kind", [bytes, bytearray, io.BytesIO])
async def test_binary_data(copying: Subject, kind: Any) -> None:
    copy = copying.conn.binary_copy_to_table
    assert await outcome(lambda: copy(kind(binary(b"a", None, b"")), "users", ["email"])) == 3
    without_end = binary(b"b")[: -len(END)]
    assert await outcome(lambda: copy(kind(without_end), "users", columns=["email"])) == 1
    half_a_number = HEADER + b"\0"
    assert await outcome(lambda: copy(kind(half_a_number), "users", columns=["email"])) == 0


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "COPY file signature not recognized"),
        (b"hello", "COPY file signature not recognized"),
        (SIGNATURE, "invalid COPY file header (missing flags)"),
        (SIGNATURE + bytes(5), "invalid COPY file header (missing length)"),
        (binary(b"abc")[:-5], "unexpected EOF in COPY data"),
        (HEADER + b"\0\1\0", "unexpected EOF in COPY data"),
    ],
)
async def test_broken_data(copying: Subject, data: bytes, text: str) -> None:
    copy = copying.conn.binary_copy_to_table
    assert await outcome(lambda: copy(data, "users", ["email"])) == Raised(
        "DatabaseError", f"db error: ERROR: {text}"
    )


DUPLICATE = (
    'db error: ERROR: duplicate key value violates unique constraint "users_email_key"\n'
    "DETAIL: Key (email)=(a) already exists."
)


@pytest.mark.parametrize("method", ["records", "binary"])
async def test_a_refused_copy_aborts_the_transaction(subject: Subject, method: str) -> None:
    subject.on(STATEMENT).raises(
        db_error(
            "23505",
            constraint="users_email_key",
            detail="Key (email)=(a) already exists.",
            driver="psqlpy",
        )
    )
    transaction = subject.conn.transaction()
    await transaction.begin()
    if method == "records":
        failed = await outcome(
            lambda: transaction.copy_records_to_table("users", [("a",), ("a",)], ["email"])
        )
    else:
        failed = await outcome(
            lambda: transaction.binary_copy_to_table(binary(b"a", b"a"), "users", ["email"])
        )
    assert failed == Raised("DatabaseError", DUPLICATE)
    await outcome(transaction.rollback)
