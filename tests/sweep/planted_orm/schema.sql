CREATE TABLE users (
    id serial PRIMARY KEY,
    email text NOT NULL UNIQUE
);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    user_id int REFERENCES users (id),
    amount int NOT NULL CHECK (amount > 0)
);
CREATE TABLE audit (
    id serial PRIMARY KEY,
    entry text NOT NULL
);
