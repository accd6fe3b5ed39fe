"""The fault sweep: every call to the database fails once, and the app has to cope with it."""
