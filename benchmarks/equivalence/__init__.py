"""How well `understudy mutate` recognizes mutants that mean the same as their original."""
