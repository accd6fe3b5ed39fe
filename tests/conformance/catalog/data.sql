-- A few rows for every table, with a NULL wherever a constraint allows one.
INSERT INTO countries VALUES ('pt', 'Portugal', 'Europe'), ('br', 'Brasil', NULL), ('xx', 'Nowhere', NULL);
INSERT INTO customers (name, email, country, mood, home, tags, notes, profile, extra, referrer, deleted_at) VALUES
    ('Ana', 'ana@x', 'pt', 'happy', ('Rua A', 'Porto', 4000), '{a,b}', '{x,NULL}', '{"a": {"b": 1}, "n": null}', '{"k": [1, null]}', NULL, NULL),
    ('Bia', NULL, NULL, NULL, NULL, '{}', NULL, '{}', NULL, 1, NULL),
    ('x', 'x@y', 'br', 'sad', (NULL, NULL, NULL), '{NULL}', '{}', '{"tags": ["t"]}', 'null', 1, now()),
    ('Dua', 'd@y', 'pt', NULL, ('Rua B', NULL, NULL), '{c}', NULL, '[1, 2]', '[]', NULL, 'infinity');
INSERT INTO products (sku, title, price, cost, weight, active, attributes, dimensions) VALUES
    ('a-1', 'Apple', 1, 0.5, 0.1, true, '{"colour": "red"}', '{1,2}'),
    ('b-1', 'Bread', 2, NULL, NULL, false, NULL, NULL),
    ('c-1', 'Candle', 30, 10, 'NaN', true, '{"colour": null}', '{}'),
    ('d-1', 'Dust', 0, NULL, NULL, false, '[]', '{NULL}');
INSERT INTO categories (parent, name) VALUES (NULL, 'all'), (1, 'food'), (2, 'fruit'), (NULL, 'empty');
INSERT INTO product_categories VALUES (1, 3, 1), (2, 2, 2), (3, 1, 1);
INSERT INTO orders (id, customer, placed, status, shipped, total, ship_to) VALUES
    (1, 1, '2023-05-01', 'sent', '2023-05-02 10:00', 10, ('Rua A', 'Porto', 4000)),
    (2, 1, '2024-05-01', 'new', NULL, NULL, NULL),
    (3, 2, '2030-05-01', 'paid', 'infinity', 5, (NULL, 'Faro', NULL));
INSERT INTO order_lines VALUES
    (1, '2023-05-01', 1, 1, 3, NULL, NULL), (1, '2023-05-01', 2, 2, 1, 0.5, 'gift'),
    (2, '2024-05-01', 1, 1, 2, 0, NULL);
INSERT INTO payments (order_id, amount, paid_at, method, reference, source) VALUES
    (1, 10, now(), 'card', '\x00ff', '10.0.0.1'), (NULL, NULL, NULL, NULL, NULL, NULL), (99, 1, NULL, NULL, NULL, NULL);
INSERT INTO stock.warehouses VALUES (1, 'North', '08:00', '(1,1),(0,0)', '(1,2)'), (2, 'South', NULL, NULL, NULL);
INSERT INTO stock.levels VALUES (1, 1, 5, now()), (1, 2, 0, NULL);
INSERT INTO bookings VALUES
    (1, 'blue', '[2024-01-01,2024-01-02)', '{[1,3)}', 1, '1 day'), (2, 'red', 'empty', NULL, NULL, NULL),
    (3, 'red', '(,)', '{}', 2, '-1 month');
INSERT INTO vehicles VALUES (1, 'AA-1', 4, 'red');
INSERT INTO trucks VALUES (2, 'BB-2', 6, NULL, NULL), (3, 'CC-3', 8, 'blue', 10);
INSERT INTO vans VALUES (4, 'DD-4', 4, 'white', 9);
INSERT INTO settings VALUES ('a', 'b', B'101', 'x', 'ana'), ('n', NULL, NULL, NULL, NULL);
INSERT INTO "Odd Names" VALUES (1, 'a', 'b', 'c'), (2, 'x', NULL, NULL);
INSERT INTO audit (actor, action, before, after) VALUES ('ana', 'login', NULL, '{"a": 1}'), (NULL, 'out', '{}', NULL);
INSERT INTO tickets VALUES
    (1, 'Broken', 1, 3, 'sad', '2024-01-01', to_tsvector('simple', 'broken'), '{{1,2},{3,4}}'),
    (2, 'Lost', NULL, NULL, 'ok', NULL, NULL, NULL);
REFRESH MATERIALIZED VIEW sales;
-- A NOT NULL that is not held against the rows that are there already.
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE 'ALTER TABLE settings ADD CONSTRAINT value_not_null NOT NULL value NOT VALID';
    END IF;
END $$;
