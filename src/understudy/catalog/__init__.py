"""What PostgreSQL says of a statement: described once, kept in a file, held against calls."""
