"""What a statement's text tells of its columns is what PostgreSQL says of them."""

from __future__ import annotations

import pytest

from tests.conformance.catalog.corpus import mutants, statements
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description
from understudy.pg.select_list import column_names

pytestmark = pytest.mark.slow

MORE = [
    "SELECT s.id, c.id FROM products s, products c",
    "SELECT count(*), count(*), max(id), 1, 'a', $1::int AS n FROM products",
    "SELECT DISTINCT ON (id) id, sku label FROM products",
    'SELECT ALL products.id AS "Product Id", pg_catalog.lower(sku) FROM products',
    "SELECT row_number() OVER (PARTITION BY id), sum(id) FILTER (WHERE id > 1) FROM products "
    "GROUP BY id",
    "SELECT id IS DISTINCT FROM 1 AS d, sku FROM products",
    "SELECT a.id, a.sku FROM (SELECT id, sku, 7 AS more FROM products) AS a",
    "WITH a AS (SELECT id, sku FROM products) SELECT sku FROM a UNION SELECT 'x' AS y",
    "SELECT id isnull, sku COLLATE \"C\", -id, id::text, date '2020-01-01', true, user "
    "FROM products",
    "SELECT extract(year FROM now()), coalesce(id, 1), CASE WHEN true THEN id END FROM products",
]


def test_a_name_that_the_text_tells_is_the_name_that_postgresql_tells(describer: Describer) -> None:
    known = [*statements(describer.major), *MORE]
    subjects = known + [mutant for one in known for mutant in mutants(one) if mutant]

    told = 0
    for statement, verdict in zip(subjects, describer.describe(subjects), strict=True):
        assert isinstance(verdict, Description) or statement not in MORE, (statement, verdict)
        if isinstance(verdict, Description) and (names := column_names(statement)) is not None:
            told += 1
            real = [column.name for column in verdict.columns]
            assert len(names) == len(real), statement
            for name, column in zip(names, real, strict=True):
                assert name in (None, column), statement

    assert told > 1000
