"""The contract with users of hand-written fakes: every example, and the tests that hold it.

The tests live in `tests/seed_contract/`; those in `written/` are run in copies of the reference
backend. Where the product departs from an example, the row names the test that shows what it does
instead; `docs/coming-from-mocks.md` tells users.

| example                                     | its tests                                         |
|---------------------------------------------|---------------------------------------------------|
| 1. test organization, 2. naming             | test_layout.py                                    |
| 3. type hints                               | written/fixtures.py::test_values_carry_type_hints |
| conftest.py: app, client, async_client,     | written/fixtures.py; a project's own win:         |
|   event_loop, faker                         |   written/own_fixtures.py                         |
| fakes.py: FakeRecord                        | test_record.py                                    |
| fakes.py: FakeConnection                    | test_connection.py                                |
| fakes.py: FakeTransaction and its context   | test_transaction.py                               |
| patterns 1 to 8                             | written/patterns.py, one each; all must fail on a |
|                                             |   mistake: test_in_the_backend.py                 |
| checklist: commands after writing tests     | test_commands.py, "The checklist"                 |
| performance tips: -x, a single file         | test_commands.py, "Quick reference"               |
| integration with CI/CD: five commands       | test_commands.py, "Integration with CI/CD"        |
| a complete test file                        | written/complete_file.py                          |
| quick reference: six commands               | test_commands.py, "Quick reference"               |
| what is out of date                         | test_out_of_date.py                               |
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).with_name("seed_contract")

# Each example and the test that shows it: `file::test`, below the package.
EXAMPLES = {
    "core principles: test organization": "test_layout.py::test_each_layer_has_its_files",
    "core principles: naming of files": (
        "test_layout.py::test_test_files_are_named_for_module_and_layer"
    ),
    "core principles: naming of tests": "test_layout.py::test_tests_are_named_for_what_and_when",
    "core principles: type hints": "written/fixtures.py::test_values_carry_type_hints",
    "conftest.py: app": "written/fixtures.py::test_app_is_made_once_by_the_factory",
    "conftest.py: client": "written/fixtures.py::test_client_is_a_test_client_of_that_app",
    "conftest.py: async_client": (
        "written/fixtures.py::test_async_client_talks_to_the_app_without_a_network"
    ),
    "conftest.py: event_loop": (
        "written/fixtures.py::test_event_loop_is_an_open_loop_for_a_sync_test"
    ),
    "conftest.py: faker": "written/fixtures.py::test_faker_speaks_brazilian_portuguese",
    "conftest.py: written out in a project": (
        "test_in_the_backend.py::test_fixtures_of_the_projects_own_win"
    ),
    "FakeRecord: result": "test_record.py::test_result_is_the_very_data",
    "FakeRecord: rowcount given": "test_record.py::test_a_given_row_count_wins",
    "FakeRecord: rowcount of a number": "test_record.py::test_a_number_is_its_own_row_count",
    "FakeRecord: rowcount otherwise": "test_record.py::test_other_data_counts_as_one_row",
    "FakeConnection: __init__": (
        "test_connection.py::test_a_new_connection_has_no_answers_and_no_calls"
    ),
    "FakeConnection: transaction": "test_connection.py::test_transaction_returns_its_context",
    "FakeConnection: __aenter__": "test_connection.py::test_async_with_gives_the_connection_itself",
    "FakeConnection: __aexit__": "test_connection.py::test_async_with_lets_an_exception_through",
    "FakeConnection: execute, the call": (
        "test_connection.py::test_execute_writes_down_statement_and_parameters"
    ),
    "FakeConnection: execute, an exception": (
        "test_connection.py::test_execute_raises_an_exception_after_writing_down_the_call"
    ),
    "FakeConnection: execute, a queue": (
        "test_connection.py::test_execute_takes_from_a_list_of_lists_one_for_each_call"
    ),
    "FakeConnection: execute, anything else": (
        "test_connection.py::test_execute_wraps_its_answer_in_a_record"
    ),
    "FakeConnection: execute_many, no rows": (
        "test_connection.py::test_execute_many_without_rows_answers_none"
    ),
    "FakeConnection: execute_many, the call": (
        "test_connection.py::test_execute_many_is_written_down_as_one_execute"
    ),
    "FakeConnection: execute_many, an exception": (
        "test_connection.py::test_execute_many_raises_the_exception_of_execute"
    ),
    "FakeConnection: execute_many, the count": (
        "test_connection.py::test_execute_many_answers_the_number_of_rows"
    ),
    "FakeConnection: fetch": (
        "test_connection.py::test_fetch_wraps_its_answer_and_writes_down_the_call"
    ),
    "FakeConnection: fetch_val": "test_connection.py::test_fetch_val_answers_the_bare_value",
    "FakeConnection: fetch_val, an exception": (
        "test_connection.py::test_fetch_val_raises_an_exception"
    ),
    "FakeConnection: fetch_row, an exception": (
        "test_connection.py::test_fetch_row_raises_an_exception"
    ),
    "FakeConnection: fetch_row, its own answer": (
        "test_connection.py::test_fetch_row_answers_what_was_set_as_it_is"
    ),
    "FakeConnection: fetch_row, from fetch's rows": (
        "test_connection.py::test_fetch_row_takes_its_rows_from_those_of_fetch"
    ),
    "FakeConnection: fetch_row, otherwise": (
        "test_connection.py::test_fetch_row_wraps_what_it_cannot_take_from"
    ),
    "FakeTransaction: delegation": "test_transaction.py::test_each_method_is_the_connections",
    "FakeTransaction: execute_many": (
        "test_transaction.py::test_execute_many_takes_rows_three_ways"
    ),
    "FakeTransaction: the fallback": (
        "test_transaction.py::test_execute_many_without_one_on_the_connection_executes_row_by_row"
    ),
    "FakeTransaction: the fallback without rows": (
        "test_transaction.py::test_the_fallback_without_rows_executes_nothing"
    ),
    "FakeTransactionContext: __aenter__": (
        "test_transaction.py::test_the_context_yields_its_transaction"
    ),
    "FakeTransactionContext: __aexit__": (
        "test_transaction.py::test_the_context_lets_an_exception_through"
    ),
    "pattern 1": "written/patterns.py::test_pattern_1_a_dao_method_without_its_decorator",
    "pattern 2": "written/patterns.py::test_pattern_2_a_driver_error_becomes_a_500",
    "pattern 3": "written/patterns.py::test_pattern_3_a_service_with_stand_ins_for_what_it_needs",
    "pattern 4": (
        "written/patterns.py::test_pattern_4_a_decorated_method_on_a_connection_of_the_tests"
    ),
    "pattern 5": "written/patterns.py::test_pattern_5_a_batch_in_one_execute_many",
    "pattern 6": "written/patterns.py::test_pattern_6_an_endpoint_over_a_service_that_is_patched",
    "pattern 7": "written/patterns.py::test_pattern_7_two_queries_with_different_rows",
    "pattern 8": "written/patterns.py::test_pattern_8_one_test_for_several_scenarios",
    "checklist: pytest tests/test_your_module.py -v": (
        "test_commands.py::test_a_new_test_file_runs_by_itself"
    ),
    "checklist: pytest --cov=src/domain/dao/your_module": (
        "test_commands.py::test_coverage_of_a_module_by_its_path_measures_nothing"
    ),
    "checklist: run several times": (
        "test_commands.py::test_running_again_in_any_order_gives_the_same"
    ),
    "CI: pytest --cov=src --cov-report=html --cov-report=term": (
        "test_commands.py::test_all_tests_with_coverage_in_html_and_on_the_terminal"
    ),
    'CI: pytest tests/ -m "not integration"': "test_commands.py::test_only_unit_tests",
    "CI: pytest -v --tb=short": "test_commands.py::test_verbose_with_short_tracebacks",
    "CI: pytest tests/test_user_dao.py -v": "test_commands.py::test_one_file_verbosely",
    'CI: pytest -k "test_create" -v': "test_commands.py::test_tests_that_match_a_pattern",
    "complete file: create": "written/complete_file.py::test_create_inserts_user",
    "complete file: fetch": "written/complete_file.py::test_fetch_by_id_returns_user",
    "complete file: error": "written/complete_file.py::test_fetch_by_id_raises_on_db_error",
    "quick reference: a single test": "test_commands.py::test_a_single_test",
    "quick reference: all tests in a file": "test_commands.py::test_all_tests_of_a_file",
    "quick reference: coverage of a module": (
        "test_commands.py::test_coverage_of_a_module_by_its_name"
    ),
    "quick reference: -x": "test_commands.py::test_stop_on_the_first_failure",
    "quick reference: --showlocals": "test_commands.py::test_local_variables_on_failure",
    "quick reference: --lf": "test_commands.py::test_the_failed_tests_again",
}


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_has_its_test(example: str) -> None:
    file, _, test = EXAMPLES[example].partition("::")

    assert test in functions_of(PACKAGE / file)


def test_each_file_of_the_package_is_in_the_table() -> None:
    files = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if file.name not in ("__init__.py", "conftest.py", "own_conftest.py")
    }

    assert [file for file in sorted(files) if file not in (__doc__ or "")] == []
