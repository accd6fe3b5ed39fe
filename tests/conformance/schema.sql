CREATE TABLE users (
    id serial PRIMARY KEY,
    email text UNIQUE,
    age integer CHECK (age > 0),
    name text NOT NULL DEFAULT 'x',
    boss integer REFERENCES users (id)
);
CREATE TABLE badges (
    id integer PRIMARY KEY,
    owner integer REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
