"""Errors name the constraint of a partition for a row of the partitioned table."""

from __future__ import annotations

import psycopg
import pytest

from understudy.catalog.describer import Describer
from understudy.catalog.description import Description
from understudy.catalog.error_checks import reason_against
from understudy.embedded import EmbeddedServer
from understudy.pg.errors import ErrorFields

SCHEMA = """
    CREATE TABLE orders (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE of_24 PARTITION OF orders
        FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
    CREATE TABLE of_24_first PARTITION OF of_24 FOR VALUES IN (1);
    CREATE TABLE unrelated (id int CONSTRAINT unrelated_id_key UNIQUE);
"""


def test_a_constraint_of_a_partition_is_one_of_the_table_above() -> None:
    statement = "INSERT INTO orders VALUES (1, '2024-02-03')"
    with EmbeddedServer() as server, psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute(statement)
        with pytest.raises(psycopg.errors.UniqueViolation) as caught:
            connection.execute(statement)
        named = caught.value.diag.constraint_name
        describer = Describer(server.dsn())
        (description,) = describer.describe([statement])
        facts = describer.schema_facts()
        describer.close()
    assert named == "of_24_first_pkey"
    assert isinstance(description, Description)

    assert reason_against(description, ErrorFields("23505", "", constraint=named), facts) is None
    other = ErrorFields("23505", "", constraint="unrelated_id_key")
    assert reason_against(description, other, facts) == [
        "the constraint 'unrelated_id_key' is of unrelated, which it does not touch",
        "  it touches: orders",
    ]
