"""The checklist, executed: what of it a module's tests fulfil, each item with its evidence."""
