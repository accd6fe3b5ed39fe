"""What PostgreSQL says of a statement: described once, stored in a file, held against every call."""
