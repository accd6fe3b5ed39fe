SELECT 1
SELECT 1;
/* a */ SELECT 1
select 1 as x
VALUES (1, 'a'), (2, 'b')
SELECT NULL
SELECT 1 WHERE 0
SELECT * FROM users
SELECT id, id FROM users
SELECT count(*) FROM users
SELECT u.name FROM users AS u
SELECT name AS "Name" FROM users
SELECT * FROM adults
SELECT * FROM "odd name"
SELECT [c d], `order` FROM [odd name]
SELECT max(age), min(age) FROM users
SELECT name FROM users ORDER BY name DESC LIMIT 1
SELECT sum(total) FROM orders
SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id ORDER BY o.id
SELECT u.name, o.id FROM users u LEFT JOIN orders o ON o.user_id = u.id
WITH a AS (SELECT 1 AS x) SELECT x + 1 FROM a
WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c
SELECT 1 UNION SELECT 2
SELECT 1 EXCEPT SELECT 1
SELECT rowid, name FROM users
SELECT row_number() OVER (ORDER BY id) FROM users
SELECT json_extract('{"a": 1}', '$.a')
SELECT group_concat(name) FROM users
SELECT coalesce(email, 'none') FROM users
SELECT typeof(1), typeof('a'), typeof(1.5), typeof(x'00'), typeof(NULL)
SELECT CAST('12' AS INTEGER)
SELECT 'it''s'
SELECT x'414243'
SELECT 1e400
SELECT 1/0
SELECT 9223372036854775807 + 1
SELECT 'é😀'
SELECT abs(-9223372036854775808)
SELECT date('2024-02-30')
SELECT strftime('%Y', '2024-01-01')
SELECT changes()
SELECT total(total) FROM orders GROUP BY user_id HAVING count(*) > 1
SELECT last_insert_rowid()
SELECT total_changes()
SELECT name FROM sqlite_master
EXPLAIN QUERY PLAN SELECT 1
PRAGMA user_version
PRAGMA user_version = 7
PRAGMA foreign_keys
PRAGMA foreign_keys = ON
PRAGMA journal_mode
PRAGMA synchronous
PRAGMA table_info(users)
PRAGMA foreign_key_list(orders)
PRAGMA no_such_pragma
PRAGMA integrity_check
PRAGMA encoding
PRAGMA busy_timeout
PRAGMA compile_options(1)
INSERT INTO users (name) VALUES ('Cy')
INSERT INTO users (name) VALUES ('Cy') RETURNING id
INSERT INTO users (name) SELECT name || '!' FROM users
INSERT INTO typed DEFAULT VALUES
INSERT OR IGNORE INTO users (name, email) VALUES ('x', 'ana@example.com')
INSERT OR REPLACE INTO users (id, name) VALUES (1, 'x')
REPLACE INTO users (id, name) VALUES (9, 'y')
INSERT OR ROLLBACK INTO users (name, email) VALUES ('x', 'ana@example.com')
INSERT OR FAIL INTO users (name, email) VALUES ('x', 'x'), ('y', 'ana@example.com')
INSERT OR ABORT INTO users (name, email) VALUES ('x', 'x'), ('y', 'ana@example.com')
INSERT INTO users (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name
INSERT INTO users (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING
UPDATE users SET age = age + 1
UPDATE users SET name = 'z' WHERE id = 99
UPDATE users SET name = upper(name) RETURNING id, name
UPDATE OR IGNORE users SET email = 'a'
DELETE FROM orders
DELETE FROM orders WHERE id = 1 RETURNING note
DELETE FROM typed
CREATE TABLE made (id INTEGER)
CREATE TEMP TABLE made (id INTEGER)
DROP TABLE typed
CREATE TABLE IF NOT EXISTS users (id)
DROP TABLE IF EXISTS nothing
ALTER TABLE typed ADD z TEXT
ALTER TABLE typed RENAME TO named
CREATE INDEX made ON users (age)
REINDEX
ANALYZE
VACUUM
CREATE VIEW made AS SELECT 1 AS one
DROP VIEW adults
DROP TRIGGER logged
DROP INDEX users_name
BEGIN
BEGIN IMMEDIATE
BEGIN EXCLUSIVE
COMMIT
ROLLBACK
END
SAVEPOINT a
RELEASE a
ROLLBACK TO a
ATTACH ':memory:' AS other
DETACH other
;
-- nothing
SELEC 1
SELECT
SELECT nome FROM users
SELECT * FROM userz
SELECT users.nome FROM users
SELECT 'open
SELECT (1
SELECT 1 FROM
SELECT no_such(1)
SELECT abs()
SELECT 1 AS
SELECT 1; SELECT 2
SELECT count(*) FROM users WHERE count(*) > 1
SELECT * FROM users ORDER BY 9
SELECT id FROM users UNION SELECT id, name FROM users
SELECT id FROM users, orders
INSERT INTO users VALUES (1)
INSERT INTO users (nome) VALUES (1)
INSERT INTO adults VALUES (1, 'a')
INSERT INTO users (name) VALUES (NULL)
INSERT INTO users (name, age) VALUES ('kid', 3)
INSERT INTO users (name, email) VALUES ('x', 'ana@example.com')
INSERT INTO users (id, name) VALUES (1, 'x')
INSERT INTO orders (user_id, note) VALUES (1, 'first')
INSERT INTO users (id, name) VALUES ('a', 'x')
INSERT INTO strict_typed (i) VALUES ('abc')
INSERT INTO strict_typed (b) VALUES ('abc')
INSERT INTO pairs (a) VALUES (1)
INSERT INTO pairs VALUES (1, 'a'), (1, 'a')
DELETE FROM log
DELETE FROM userz
UPDATE users SET nome = 1
UPDATE users SET id = 2 WHERE id = 1
UPDATE adults SET name = 1
CREATE TABLE users (id)
CREATE TABLE bad (id INTEGER, id TEXT)
CREATE TABLE bad (x BIGINT) STRICT
DROP TABLE userz
ALTER TABLE users DROP COLUMN id
CREATE INDEX users_name ON users (name)
PRAGMA
SELECT 'nome' FROM users
SELECT zeroblob(5)
SELECT length(randomblob(3))
SELECT ?
SELECT :a
SELECT ?1
