"""The seed's examples, one behaviour at a time; `tests/test_seed_contract.py` lists them."""
