"""The real drivers connect to a session, and get the values that a real server gives them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from tests.fake_mysql.drivers import DRIVERS, Driver, Place, served
from tests.fake_mysql.responders import Known, rows
from tests.mysql.test_types import COLUMNS, VALUES
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.mysql.results import Result
from understudy.mysql.types import Column
from understudy.mysql_server.address import Address
from understudy.serving.login import Login

every_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.__name__[3:])
READ = "SELECT a, b FROM t"
SCHEMA = """CREATE TABLE every_type (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, b bool, t tinyint, tu tinyint unsigned,
    s smallint, m mediumint, mu mediumint unsigned, i int, iz int(6) zerofill, l bigint,
    f float, d double, f2 float(7,2), d3 double(10,3), n decimal(12,3), nu decimal(40,0) unsigned,
    da date, dt datetime, dt6 datetime(6), dt3 datetime(3), ts timestamp NULL, ti time,
    ti6 time(6), y year, c char(5), v varchar(40), vl varchar(40) CHARACTER SET latin1,
    bi binary(4), vb varbinary(10), tt tinytext, tx text, mt mediumtext, lt longtext, tb tinyblob,
    bl blob, mb mediumblob, lb longblob, e enum('a','b'), st set('x','y','z'), bt bit(1),
    bt12 bit(12), j json, po point
) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"""


@every_driver
@pytest.mark.parametrize("version", ["8.4.3", "10.11.9-MariaDB"])
async def test_a_driver_connects_with_the_password_and_reads(driver: Driver, version: str) -> None:
    known = Known()
    known.statements[READ] = rows(["a", "b"], [1, "é🐍"], [None, None])
    options = ServerOptions(version, Login("ana", "secret", "shop"))
    async with served(lambda: known.connect(options)) as port:
        found = await driver(Place(port, password="secret"), [READ])
    assert found == [(1, "é🐍"), (None, None)]
    assert {sql for sql, _ in known.executed} == {READ}


@pytest.mark.slow
@every_driver
async def test_a_driver_is_told_that_the_password_is_wrong(driver: Driver) -> None:
    known = Known()
    options = ServerOptions(login=Login(password="secret"))
    async with served(lambda: known.connect(options)) as port:
        with pytest.raises(Exception, match="Access denied for user 'ana'@'localhost'") as raised:
            await driver(Place(port, password="guess"), [READ])
    assert "1045" in str(raised.value)


def classes(found: list[tuple[Any, ...]]) -> list[list[tuple[type, Any]]]:
    return [[(type(value), value) for value in row] for row in found]


def texts(characters: str, longest: int) -> Callable[[random.Random], str]:
    return lambda chance: "".join(chance.choices(characters, k=chance.randrange(longest + 1)))


def some_bytes(chance: random.Random, longest: int) -> bytes:
    return chance.randbytes(chance.randrange(longest + 1))


def a_moment(chance: random.Random) -> datetime:
    return datetime(1975, 1, 2) + timedelta(seconds=chance.randrange(1_900_000_000))


def a_value(column: Column, chance: random.Random) -> Any:
    """Return a value of a column of `every_type`, as a driver returns it."""
    name = column.name
    whole = {"t": 7, "s": 15, "m": 23, "i": 31, "tu": 8, "mu": 24, "b": 1, "iz": 19}
    if name in whole:
        return chance.randrange(-(2 ** whole[name]) if name in "tsmi" else 0, 2 ** whole[name])
    any_text = texts("aé€🐍'\\\"%\0\n ", 10)
    makers: dict[str, Callable[[random.Random], Any]] = {
        "f": lambda chance: chance.randrange(-(2**19), 2**19) / 8,
        "d": lambda chance: chance.uniform(-1, 1) * 10.0 ** chance.randrange(-30, 30),
        "f2": lambda chance: chance.randrange(-4000, 4000) / 4,
        "d3": lambda chance: chance.randrange(-(10**6), 10**6) / 8,
        "n": lambda chance: Decimal(chance.randrange(-(10**12) + 1, 10**12)).scaleb(-3),
        "nu": lambda chance: Decimal(chance.randrange(10**40)),
        "da": lambda chance: date(1000, 1, 1) + timedelta(chance.randrange(3_000_000)),
        "dt": a_moment,
        "ts": a_moment,
        "dt6": lambda chance: a_moment(chance).replace(microsecond=chance.randrange(10**6)),
        "dt3": lambda chance: a_moment(chance).replace(microsecond=chance.randrange(1000) * 1000),
        "ti": lambda chance: timedelta(seconds=chance.randrange(-3_020_399, 3_020_399)),
        "ti6": lambda chance: timedelta(microseconds=chance.randrange(86_400_000_000)),
        "y": lambda chance: chance.randrange(1901, 2156),
        "c": texts("aé€🐍", 5),
        "vl": texts("aé", 40),
        "bi": lambda chance: chance.randbytes(4),
        "e": lambda chance: chance.choice("ab"),
        "st": lambda chance: ",".join(one for one in "xyz" if chance.random() < 0.5),
        "bt": lambda chance: bytes([chance.randrange(2)]),
        "bt12": lambda chance: chance.randrange(4096).to_bytes(2, "big"),
        "j": lambda chance: '{"a": [1, 2.5, null, "é"]}',
        "po": lambda chance: VALUES[-1],
    }
    if name in makers:
        return makers[name](chance)
    return some_bytes(chance, 10) if column.is_bytes else any_text(chance)


def some_rows(count: int) -> list[list[Any]]:
    """Return rows of random values: the first columns number them."""
    chance = random.Random(14)
    found = [list(VALUES), [1] + [None] * (len(COLUMNS) - 1)]
    for number in range(2, count):
        row = [None if chance.random() < 0.1 else a_value(column, chance) for column in COLUMNS]
        found.append([number, *row[1:]])
    for number, row in enumerate(found):
        row[9] = number  # by which they are ordered
    return found


@pytest.fixture(scope="module")
def written() -> list[list[Any]]:
    return some_rows(60)


@pytest.mark.slow
@every_driver
async def test_a_driver_reads_the_values_of_every_type_that_a_real_server_gives_it(
    driver: Driver, written: list[list[Any]], mysql_database: Address
) -> None:
    address = mysql_database
    real = Place(address.port, address.user, address.password, address.database, address.host)
    with (
        pymysql.connect(**real.arguments, database=real.database, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(SCHEMA)
        places = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO every_type VALUES ({places})", written)
    # mysql-connector-python reads no YEAR in binary form, from any server.
    is_prepared = "prepared" in driver.__name__
    numbers = [n for n, one in enumerate(COLUMNS) if not (is_prepared and one.name == "y")]
    columns = [COLUMNS[number] for number in numbers]
    names = ", ".join(column.name for column in columns)
    read = f"SELECT {names} FROM every_type ORDER BY l"
    expected = await driver(real, ["SET time_zone = '+00:00'", read])
    known = Known()
    known.statements[read] = Result(
        columns, [[row[number] for number in numbers] for row in written]
    )
    async with served(lambda: known.connect(ServerOptions("10.11.9-MariaDB"))) as port:
        found = await driver(Place(port), ["SET time_zone = '+00:00'", read])
    assert classes(found) == classes(expected)
