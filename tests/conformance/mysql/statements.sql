SELECT id, name FROM users ORDER BY id
SELECT * FROM users ORDER BY id
SELECT * FROM users WHERE id = 99
SELECT users.* FROM users WHERE id = 1
SELECT u.name AS who, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.id ORDER BY u.id, o.id
SELECT COUNT(*) FROM users
SELECT COUNT(*) AS n, MAX(age), MIN(name) FROM users
SELECT name FROM adults ORDER BY id
SELECT DISTINCT user_id FROM orders
SELECT user_id, SUM(total) AS total FROM orders GROUP BY user_id
SELECT user_id FROM orders GROUP BY user_id HAVING COUNT(*) > 1
SELECT id FROM users UNION SELECT id FROM orders ORDER BY 1
SELECT 1
SELECT 'text' AS t, 2 AS n, NULL AS nothing
SELECT 1 + 1 AS two
SELECT CASE WHEN age > 35 THEN 'old' ELSE 'young' END AS kind FROM users ORDER BY id
SELECT name FROM users WHERE id = 1 AND name = 'Ana'
SELECT `name` FROM `users` WHERE `id` = 1
SELECT name FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE orders.user_id = users.id)
SELECT (SELECT COUNT(*) FROM orders) AS orders
SELECT IF(age > 35, 'a', 'b') AS x FROM users ORDER BY id
SELECT CONCAT(name, '-', age) AS x FROM users ORDER BY id
SELECT CAST('2024-01-02' AS DATE) AS d
SELECT CAST('12:30:00' AS TIME) AS t
SELECT CAST(1.5 AS DECIMAL(5, 2)) AS d
SELECT CAST('x' AS BINARY) AS b
SELECT x'4142' AS h, b'1' AS b
SELECT -5 AS n, -1.5 AS d, 1e3 AS f
SELECT TRUE AS t, FALSE AS f
SELECT NULL
WITH t AS (SELECT id FROM users) SELECT COUNT(*) AS n FROM t
SELECT name FROM users ORDER BY id LIMIT 1
SELECT name FROM users LIMIT 1 OFFSET 5
SELECT name, ROW_NUMBER() OVER (ORDER BY id) AS n FROM users
SELECT JSON_OBJECT('a', 1) AS j
SELECT GROUP_CONCAT(name ORDER BY id) AS names FROM users
SELECT name FROM users /* a comment */ WHERE id = 1 -- the end
SELECT name FROM users WHERE id = 1;
INSERT INTO users (name) VALUES ('Cy')
INSERT INTO users (name) VALUES ('Cy'), ('Di'), ('Ed')
INSERT INTO users SET name = 'Cy'
INSERT INTO users (name) SELECT name FROM users
INSERT INTO log VALUES ('a line')
INSERT INTO log VALUES ()
INSERT IGNORE INTO users (id, name) VALUES (1, 'x')
INSERT INTO users (name) VALUES ('Cy') RETURNING id, name
REPLACE INTO users (id, name) VALUES (2, 'x')
UPDATE users SET age = 50
UPDATE users SET age = 50 WHERE id = 1
UPDATE users SET age = 30 WHERE id = 1
UPDATE users SET age = 1 WHERE id = 99
UPDATE users u JOIN orders o ON o.user_id = u.id SET u.age = 60
DELETE FROM orders
DELETE FROM orders WHERE id = 99
DELETE FROM orders WHERE id = 1 RETURNING id
DELETE o FROM orders o JOIN users u ON u.id = o.user_id
TRUNCATE TABLE log
CREATE TABLE made (a INT)
CREATE TABLE IF NOT EXISTS users (a INT)
CREATE TEMPORARY TABLE made (a INT)
CREATE INDEX made ON users (age)
DROP TABLE IF EXISTS no_such_table
ALTER TABLE log ADD COLUMN made INT
SHOW TABLES
SHOW COLUMNS FROM users
SHOW INDEX FROM log
DESCRIBE users
EXPLAIN SELECT 1
DO 1
SET @x = 1
CALL names_from(1)
CALL touch(1)
SELECT nome FROM users
SELECT name FROM userz
SELECT name FROM nowhere.users
SELECT name FORM users
SELECT
SELECT * FROM
SELEC 1
SELECT name FROM users WHERE
SELECT 'unclosed
SELECT no_such_function(1)
SELECT COUNT(1, 2) FROM users
SELECT id FROM users u JOIN orders o ON o.user_id = u.id
SELECT name FROM users GROUP BY nothing
SELECT 1 UNION SELECT 1, 2
INSERT INTO users (nome) VALUES ('x')
INSERT INTO users (name) VALUES ('x', 'y')
INSERT INTO users (name) VALUES (NULL)
INSERT INTO users (email) VALUES ('x')
INSERT INTO users (id, name) VALUES (1, 'x')
INSERT INTO users (name, email) VALUES ('x', 'ana@example.com')
INSERT INTO users (name, age) VALUES ('x', 1)
INSERT INTO users (name, age) VALUES ('x', 'old')
INSERT INTO users (name, age) VALUES ('x', 99999999999)
INSERT INTO orders (user_id) VALUES (99)
INSERT INTO orders (user_id, total) VALUES (1, 12345678901)
INSERT INTO typed (da) VALUES ('not a date')
INSERT INTO typed (en) VALUES ('gold')
INSERT INTO typed (js) VALUES ('{broken')
INSERT INTO typed (vc) VALUES ('far too long for twenty characters')
UPDATE users SET id = 1 WHERE id = 2
UPDATE users SET nome = 1
DELETE FROM users
DELETE FROM userz
DROP TABLE no_such_table
DROP TABLE users
CREATE TABLE users (a INT)
CREATE TABLE made (a NOTYPE)
CALL nothing_like_this()
CALL touch()
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'own error'
SELECT SLEEP(0)
SELECT 1 / 0 AS x
KILL 999999999
SET autocommit = 7
USE nowhere_at_all
