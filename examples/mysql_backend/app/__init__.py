"""A small hotel: rooms and their bookings, with FastAPI and aiomysql on MySQL or MariaDB."""
