CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE CHECK (email LIKE '%@%'));
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int NOT NULL REFERENCES users, number int NOT NULL UNIQUE, paid bool NOT NULL DEFAULT false);
CREATE TABLE items (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id bigint NOT NULL REFERENCES orders, sku text NOT NULL);
