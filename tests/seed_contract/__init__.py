"""The examples of the contract, one by one; `tests/test_seed_contract.py` lists them."""
