"""Reading query trees: nodes, escapes, and malformed texts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.effort import calls_of
from understudy.catalog.querytree import command_of, nodes, number, numbers, read_tree, touched

_PERMISSIONS = (
    ":rteperminfos ({RTEPERMISSIONINFO :relid 16384 :inh true :requiredPerms 2 :checkAsUser 0 "
    ":selectedCols (b 7 8\n9) :insertedCols (b) :updatedCols (b 12)} {RTEPERMISSIONINFO :relid "
    "5 :inh true :requiredPerms 2 :checkAsUser 0 :selectedCols (b) :insertedCols (b) "
    ":updatedCols (b)})"
)


def test_nodes_lists_sets_and_nothing() -> None:
    tree = read_tree(
        "{QUERY :commandType 1 :alias <> :rtable ({VAR :varno 1} <> {CONST :constisnull false "
        ':constvalue 4 [ 1 0 0 0 ] :op 7}) :colnames ("a" "b") :varnullingrels (b 3 4)}'
    )

    assert tree == {
        "": "QUERY",
        "commandType": "1",
        "alias": None,
        "rtable": [
            {"": "VAR", "varno": "1"},
            None,
            {"": "CONST", "constisnull": "false", "op": "7"},
        ],
        "colnames": ['"a"', '"b"'],
        "varnullingrels": ["b", "3", "4"],
    }


def test_names_may_look_like_the_tree_itself() -> None:
    tree = read_tree(
        r'{ALIAS :aliasname \{RTEPERMISSIONINFO\ :relid\ 5\ \} :colnames ("a\ \)\}" "\(:op\ 7")'
        "\n:op 3}"
    )

    assert tree["aliasname"] == r"\{RTEPERMISSIONINFO\ :relid\ 5\ \}"
    assert tree["colnames"] == [r'"a\ \)\}"', r'"\(:op\ 7"']
    assert tree["op"] == "3"
    assert touched(r"{ALIAS :aliasname \{RTEPERMISSIONINFO\ :relid\ 5\ \}}") == {}


def test_a_name_that_begins_like_a_field_is_a_value() -> None:
    tree = read_tree("{ALIAS :aliasname :op :colnames <> :rtindex 2}")

    assert tree["aliasname"] == ":op"
    assert tree["rtindex"] == "2"


def test_a_line_may_be_broken_at_an_escaped_space() -> None:
    assert read_tree('{ALIAS :aliasname a\\\nb :colnames ("c")}')["colnames"] == ['"c"']


def test_unused_fields_are_left_out() -> None:
    assert read_tree("{VAR :varno 1 :location -1 :vartypmod 7 :inh true :alias <>}") == {
        "": "VAR",
        "varno": "1",
        "alias": None,
    }


def test_touched_columns_are_attribute_numbers() -> None:
    assert touched(f"{{QUERY {_PERMISSIONS}}}") == {16384: {0, 1, 2, 5}, 5: set()}


def test_the_command() -> None:
    values = {"rtekind": "5", "alias": None, "inFromCl": "true"}
    named = {**values, "alias": {"": "ALIAS"}}

    assert command_of({"commandType": "1", "rtable": [values]}) == "VALUES"
    assert command_of({"commandType": "1", "rtable": [named]}) == "SELECT"
    assert command_of({"commandType": "1", "rtable": None}) == "SELECT"
    assert command_of({"commandType": "5"}) == "MERGE"
    assert command_of({"commandType": "6"}) is None


def test_missing_fields_are_empty() -> None:
    assert nodes(None) == []
    assert nodes([None, {"": "VAR"}, "x"]) == [{"": "VAR"}]
    assert numbers(None) == set()
    assert number({}, "varno") == 0
    assert number({"varno": "65001"}, "varno") == 65001
    assert number({"varno": ["b"]}, "varno") == 0


@given(st.text(alphabet='{}():<>\\ "a1\n[]', max_size=60))
def test_a_text_that_is_not_a_tree_is_read_without_an_error(text: str) -> None:
    read_tree(text)
    touched(text)


def test_depth_and_length_are_no_trouble() -> None:
    def read_deep(depth: int) -> Any:
        return read_tree("{BOOLEXPR :args (" * depth + ")}" * depth)

    deep, calls = calls_of(lambda: read_deep(20_000))
    assert deep[""] == "BOOLEXPR"
    assert calls < 10 * 20_000
    # A search that begins again at each of them would take hours.
    assert touched("{RTEPERMISSIONINFO :relid 1 " * 200_000) == {}
