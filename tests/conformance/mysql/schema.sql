CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(40) NOT NULL,
    email VARCHAR(80) UNIQUE,
    age INT CHECK (age >= 18)
);
CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    total DECIMAL(10, 2) NOT NULL DEFAULT 0,
    note VARCHAR(20),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE TABLE log (what TEXT);
CREATE TABLE typed (
    ti TINYINT, tu TINYINT UNSIGNED, si SMALLINT, mi MEDIUMINT, i INT, iu INT UNSIGNED,
    bi BIGINT, bu BIGINT UNSIGNED, bo BOOLEAN, de DECIMAL(10, 2), dl DECIMAL(40, 10),
    fl FLOAT, do DOUBLE, ch CHAR(5), vc VARCHAR(20), tx TEXT, bn BINARY(4), vb VARBINARY(10),
    bl BLOB, da DATE, dt DATETIME, d6 DATETIME(6), ts TIMESTAMP NULL, tm TIME, t3 TIME(3),
    yr YEAR, en ENUM('free', 'paid'), st SET('x', 'y'), js JSON, bt BIT(8), lt LONGTEXT,
    lb LONGBLOB
);
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;
DELIMITER //
CREATE PROCEDURE names_from(IN first INT)
BEGIN
    SELECT name FROM users WHERE id >= first ORDER BY id;
END//
CREATE PROCEDURE touch(IN which INT)
BEGIN
    UPDATE users SET age = age + 1 WHERE id = which;
END//
DELIMITER ;
