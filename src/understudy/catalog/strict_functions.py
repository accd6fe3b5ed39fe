"""Built-in functions that never return NULL if no argument is NULL.

PostgreSQL records which functions return NULL for NULL (strict), but not which return NULL only
then: `to_char` of an infinite timestamp, `array_length` of an empty array and `substring` by a
pattern are NULL too. The lists contain functions checked in the manual and in the source.
"""

from __future__ import annotations

from understudy.catalog.oid_lookup import Function, Operator


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOTAL = _words("""
    abs acos ascii asin atan atan2 bit_length btrim cardinality cbrt ceil ceiling char_length
    character_length chr clock_timestamp convert convert_from convert_to cos current_database
    date_trunc decode degrees div encode exp factorial floor gcd gen_random_uuid initcap
    json_build_array json_build_object jsonb_build_array jsonb_build_object lcm left length ln log
    log10 lower lpad ltrim make_date make_interval make_timestamp make_timestamptz md5 mod nextval
    now numeric octet_length overlay pg_backend_pid pi position power quote_ident quote_literal
    radians random repeat replace reverse right round row_to_json rpad rtrim sha256 sha512
    sign sin split_part sqrt starts_with statement_timestamp strpos substr tan timeofday to_hex
    to_json to_jsonb transaction_timestamp translate trunc txid_current unistr upper
    uuidv4 uuidv7 version width_bucket
    """)
# With these arguments, functions of the same names may return NULL.
_NOT_TOTAL = ("(anyrange)", "(anymultirange)", "(path)", "(lseg)")
_TOTAL_SIGNATURES = frozenset(
    {
        "age(timestamp with time zone)",
        "age(timestamp with time zone,timestamp with time zone)",
        "age(timestamp without time zone,timestamp without time zone)",
        "array_append(anycompatiblearray,anycompatible)",
        "array_cat(anycompatiblearray,anycompatiblearray)",
        "array_prepend(anycompatible,anycompatiblearray)",
        "bpchar(character,integer,boolean)",
        "date(timestamp with time zone)",
        "date(timestamp without time zone)",
        "substring(bytea,integer)",
        "substring(bytea,integer,integer)",
        "substring(text,integer)",
        "substring(text,integer,integer)",
        "text(boolean)",
        "text(character)",
        "text(name)",
        "timestamp(date)",
        "timestamp(timestamp with time zone)",
        "timestamptz(date)",
        "timestamptz(timestamp without time zone)",
        "timezone(text,timestamp with time zone)",
        "timezone(text,timestamp without time zone)",
        '"varchar"(character varying,integer,boolean)',
    }
)
# Conversions between numbers; conversions from jsonb may be NULL.
_NUMBERS = _words("int2 int4 int8 float4 float8 numeric money")
_NUMBER_ARGUMENTS = frozenset(
    {
        "bigint",
        "boolean",
        "double precision",
        "integer",
        "money",
        "numeric",
        "numeric,integer",
        "real",
        "smallint",
    }
)
# These return a value even for NULL.
NEVER_NULL = _words("""
    concat json_build_array json_build_object jsonb_build_array jsonb_build_object quote_nullable
    num_nulls num_nonnulls
    """)
# Set-returning functions without NULL in any column.
TOTAL_SETS = _words("""
    generate_series generate_subscripts json_array_elements jsonb_array_elements json_object_keys
    jsonb_object_keys json_each jsonb_each regexp_split_to_table
    """)
# Never NULL over at least one row of arguments that are not NULL.
TOTAL_AGGREGATES = _words("""
    any_value array_agg avg bit_and bit_or bool_and bool_or every json_agg json_object_agg
    jsonb_agg jsonb_object_agg max min string_agg sum
    """)
# Window functions that are never NULL.
TOTAL_WINDOW_FUNCTIONS = _words("cume_dist dense_rank percent_rank rank row_number")

_BOOLEAN = 16
_COMPARISONS = _words("= <> < <= > >= ~~ !~~ ~~* !~~* ~ ~* !~ !~* @> <@ && ? ?| ?& ^@")
_ARITHMETIC = _words("+ - * / % ^ | & # ~ << >>")
# smallint, integer, bigint, real, double precision, numeric, money, date, timestamp, timestamptz,
# interval: the arithmetic of geometric types may be NULL.
_ARITHMETIC_RESULTS = frozenset({20, 21, 23, 700, 701, 790, 1082, 1114, 1184, 1186, 1700})
# Results of ||: bytea, text, jsonb, anycompatiblearray.
_CONCATENATIONS = frozenset({17, 25, 3802, 5078})


def is_total(function: Function) -> bool:
    """Return whether a function is never NULL if no argument is NULL."""
    arguments = function.signature.partition("(")[2].rstrip(")")
    if function.name in _NUMBERS:
        return arguments in _NUMBER_ARGUMENTS
    if function.signature.endswith(_NOT_TOTAL):
        return False
    return (
        function.name in _TOTAL
        or function.name in NEVER_NULL
        or function.signature in _TOTAL_SIGNATURES
    )


def is_total_operator(operator: Operator) -> bool:
    """Return whether an operator is not NULL if neither side is NULL."""
    if operator.result == _BOOLEAN:
        return operator.name in _COMPARISONS
    if operator.name == "||":
        return operator.result in _CONCATENATIONS
    return operator.name in _ARITHMETIC and operator.result in _ARITHMETIC_RESULTS
