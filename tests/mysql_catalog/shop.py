"""A schema of fifteen tables, rows in each of them, and statements as a backend sends them."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE tenants (
    id INT AUTO_INCREMENT PRIMARY KEY, slug VARCHAR(20) NOT NULL UNIQUE, title VARCHAR(60) NOT NULL,
    plan ENUM('free', 'team', 'company') NOT NULL DEFAULT 'free', settings JSON
);
CREATE TABLE users (
    id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, tenant_id INT NOT NULL, email VARCHAR(80) NOT
    NULL,
    name VARCHAR(40) NOT NULL, age TINYINT UNSIGNED, is_active BOOLEAN NOT NULL DEFAULT TRUE,
    created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, born DATE,
    UNIQUE KEY users_email (tenant_id, email), FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT adult CHECK (age >= 18)
);
CREATE TABLE profiles (
    user_id BIGINT UNSIGNED PRIMARY KEY, bio TEXT, avatar VARBINARY(40), score DOUBLE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE sessions (
    token CHAR(8) PRIMARY KEY, user_id BIGINT UNSIGNED NOT NULL, expires TIMESTAMP NOT NULL,
    address VARCHAR(45), FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE categories (
    id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, label VARCHAR(30) NOT NULL UNIQUE,
    FOREIGN KEY (parent_id) REFERENCES categories (id)
);
CREATE TABLE products (
    id INT AUTO_INCREMENT PRIMARY KEY, sku CHAR(6) NOT NULL UNIQUE, title VARCHAR(50) NOT NULL,
    price DECIMAL(8, 2) NOT NULL, stock SMALLINT UNSIGNED NOT NULL DEFAULT 0, weight FLOAT,
    tags SET('new', 'sale', 'eco'), added DATE NOT NULL
);
CREATE TABLE product_categories (
    product_id INT NOT NULL, category_id INT NOT NULL, PRIMARY KEY (product_id, category_id),
    FOREIGN KEY (product_id) REFERENCES products (id),
    FOREIGN KEY (category_id) REFERENCES categories (id)
);
CREATE TABLE carts (
    id INT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT UNSIGNED, opened DATETIME(3) NOT NULL
);
CREATE TABLE cart_items (
    cart_id INT NOT NULL, product_id INT NOT NULL, quantity TINYINT NOT NULL,
    PRIMARY KEY (cart_id, product_id), FOREIGN KEY (cart_id) REFERENCES carts (id)
);
CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT UNSIGNED NOT NULL,
    state ENUM('new', 'paid', 'sent', 'void') NOT NULL, total DECIMAL(10, 2) NOT NULL,
    net DECIMAL(10, 2) AS (total / 1.2) VIRTUAL, note VARCHAR(20), placed DATETIME NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE TABLE order_items (
    order_id INT NOT NULL, line SMALLINT NOT NULL, product_id INT NOT NULL, amount INT NOT NULL,
    price DECIMAL(8, 2) NOT NULL, PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE payments (
    id INT AUTO_INCREMENT PRIMARY KEY, order_id INT NOT NULL, method VARCHAR(10) NOT NULL,
    cents INT NOT NULL, paid_at DATETIME, FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE shipments (
    id INT AUTO_INCREMENT PRIMARY KEY, order_id INT NOT NULL, carrier VARCHAR(12),
    leaves TIME, year_packed YEAR, flags BIT(4), FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE reviews (
    product_id INT NOT NULL, user_id BIGINT UNSIGNED NOT NULL, stars TINYINT NOT NULL, body TEXT,
    PRIMARY KEY (product_id, user_id), CHECK (stars BETWEEN 1 AND 5)
);
CREATE TABLE audit_log (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, actor VARCHAR(30), action VARCHAR(15) NOT NULL,
    detail JSON NOT NULL, at_time DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""
ROWS = """
INSERT INTO tenants (id, slug, title, plan, settings) VALUES
    (1, 'acme', 'Acme', 'team', '{"theme": "dark"}'), (2, 'bell', 'Bell', 'free', NULL);
INSERT INTO users (id, tenant_id, email, name, age, born) VALUES
    (1, 1, 'ana@a.com', 'Ana', 30, '1994-02-03'), (2, 1, 'bob@a.com', 'Bob', NULL, NULL),
    (3, 2, 'cy@b.com', 'Cy', 44, '1980-01-01');
INSERT INTO profiles VALUES (1, 'Hello', x'0102', 1.5), (2, NULL, NULL, 0.5);
INSERT INTO sessions VALUES ('aaaaaaaa', 1, '2030-01-01', '::1'), ('bbbbbbbb', 2, '2030-01-01',
    NULL);
INSERT INTO categories VALUES (1, NULL, 'Home'), (2, 1, 'Lamps'), (3, 1, 'Chairs');
INSERT INTO products VALUES (1, 'LAMP01', 'Lamp', 20.50, 5, 1.5, 'new,eco', '2024-01-01'),
    (2, 'CHAIR1', 'Chair', 80, 0, NULL, NULL, '2024-02-01');
INSERT INTO product_categories VALUES (1, 2), (2, 3);
INSERT INTO carts VALUES (1, 1, '2024-03-01 10:00:00'), (2, NULL, '2024-03-02 10:00:00');
INSERT INTO cart_items VALUES (1, 1, 2), (1, 2, 1);
INSERT INTO orders (id, user_id, state, total, note, placed) VALUES
    (1, 1, 'new', 61.5, 'gift', '2024-03-01'), (2, 2, 'paid', 80, NULL, '2024-03-02');
INSERT INTO order_items VALUES (1, 1, 1, 3, 20.50), (2, 1, 2, 1, 80);
INSERT INTO payments VALUES (1, 2, 'card', 8000, '2024-03-03');
INSERT INTO shipments VALUES (1, 2, 'post', '10:30:00', 2024, b'0101');
INSERT INTO reviews VALUES (1, 1, 5, 'Good'), (2, 3, 2, NULL);
INSERT INTO audit_log (id, actor, action, detail) VALUES (1, 'ana', 'login', '{"ip": "::1"}');
"""
STATEMENTS = (
    "SELECT id, slug, title FROM tenants WHERE slug = 'acme'",
    "SELECT * FROM users WHERE id = 1",
    "SELECT u.id, u.name, t.title FROM users u JOIN tenants t ON t.id = u.tenant_id "
    "WHERE t.slug = 'acme' AND u.is_active = 1 ORDER BY u.name LIMIT 10 OFFSET 0",
    "SELECT count(*) FROM users WHERE tenant_id = 1 AND age > 20",
    "SELECT COUNT(*) AS n, AVG(age) AS mean, MAX(created) AS last FROM users",
    "SELECT name, age FROM users WHERE age BETWEEN 18 AND 60 AND born < '2000-01-01'",
    "SELECT id FROM users WHERE email LIKE '%@a.com' AND name IN ('Ana', 'Bob', 'Cy')",
    "SELECT id FROM users WHERE id IN (1, 2, 3) AND born IS NOT NULL",
    "SELECT p.bio, p.score FROM profiles p LEFT JOIN users u ON u.id = p.user_id WHERE "
    "p.score >= 0.5",
    "SELECT token, expires FROM sessions WHERE user_id = 1 AND expires > '2024-01-01 00:00:00'",
    "SELECT c.label, parent.label AS above FROM categories c "
    "LEFT JOIN categories parent ON parent.id = c.parent_id WHERE c.id = 2",
    "SELECT id, title, price FROM products WHERE price < 50.00 AND stock > 0 ORDER BY price DESC",
    "SELECT title FROM products WHERE sku = 'LAMP01' AND added >= '2024-01-01'",
    "SELECT pc.product_id, c.label FROM product_categories pc "
    "INNER JOIN categories c ON c.id = pc.category_id WHERE pc.product_id = 1",
    "SELECT state, COUNT(*) AS n, SUM(total) AS total FROM orders GROUP BY state HAVING "
    "COUNT(*) > 0",
    "SELECT id, total, net FROM orders WHERE user_id = 1 AND state = 'new' FOR UPDATE",
    "SELECT o.id, SUM(i.amount * i.price) AS value FROM orders o "
    "JOIN order_items i ON i.order_id = o.id WHERE o.placed >= '2024-01-01' GROUP BY o.id",
    "SELECT id FROM orders WHERE user_id = (SELECT id FROM users WHERE email = 'ana@a.com')",
    "SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
    "SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM reviews WHERE stars > 3)",
    "WITH spent AS (SELECT user_id, SUM(total) AS total FROM orders GROUP BY user_id) "
    "SELECT u.name, spent.total FROM users u JOIN spent ON spent.user_id = u.id",
    "SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY placed) AS position FROM orders",
    "SELECT id, title AS label FROM products UNION ALL SELECT id, label FROM categories",
    "SELECT DISTINCT method FROM payments WHERE cents >= 100 AND paid_at IS NOT NULL",
    "SELECT COALESCE(note, 'none') AS note, UPPER(state) FROM orders WHERE id = 1",
    "SELECT CASE WHEN total > 50 THEN 'large' ELSE 'small' END AS size FROM orders",
    "SELECT DATE_FORMAT(placed, '%Y-%m') AS month, COUNT(*) FROM orders GROUP BY month",
    "SELECT carrier, leaves FROM shipments WHERE leaves > '08:00:00' AND year_packed = 2024",
    "SELECT AVG(stars) FROM reviews WHERE product_id = 1",
    "SELECT action, at_time FROM audit_log WHERE at_time > NOW() - INTERVAL 7 DAY ORDER BY id DESC",
    "SELECT json_value(detail, '$.ip') FROM audit_log WHERE actor = 'ana'",
    "SELECT quantity FROM cart_items WHERE cart_id = 1 AND product_id = 2",
    "INSERT INTO tenants (slug, title) VALUES ('core', 'Core')",
    "INSERT INTO tenants (slug, title, plan, settings) VALUES ('dora', 'Dora', 'company', "
    "'{\"a\": 1}')",
    "INSERT INTO users (tenant_id, email, name, age) VALUES (1, 'dan@a.com', 'Dan', 33)",
    "INSERT INTO users (tenant_id, email, name, born) VALUES (1, 'eve@a.com', 'Eve', "
    "'1990-05-06'), "
    "(1, 'fay@a.com', 'Fay', '1991-05-06')",
    "INSERT INTO profiles (user_id, bio, score) VALUES (3, 'New', 0.1)",
    "INSERT INTO sessions VALUES ('cccccccc', 3, '2031-01-01 00:00:00', '10.0.0.1')",
    "INSERT INTO categories (parent_id, label) VALUES (1, 'Tables')",
    "INSERT INTO products (sku, title, price, added) VALUES ('TABLE1', 'Table', 120.00, "
    "'2024-05-01')",
    "INSERT INTO products (sku, title, price, stock, weight, tags, added) "
    "VALUES ('SOFA01', 'Sofa', 400.00, 3, 40.5, 'new,sale', CURDATE())",
    "INSERT INTO product_categories (product_id, category_id) VALUES (1, 3)",
    "INSERT INTO carts (user_id, opened) VALUES (2, NOW(3))",
    "INSERT INTO cart_items (cart_id, product_id, quantity) VALUES (2, 1, 1) "
    "ON DUPLICATE KEY UPDATE quantity = quantity + 1",
    "INSERT INTO orders (user_id, state, total, placed) VALUES (1, 'new', 12.30, '2024-06-01 "
    "10:00:00')",
    "INSERT INTO orders SET user_id = 2, state = 'paid', total = 5, placed = NOW(), note = 'fast'",
    "INSERT INTO orders (user_id, state, total, placed) VALUES (1, 'new', 1.00, NOW()) "
    "RETURNING id",
    "INSERT INTO order_items (order_id, line, product_id, amount, price) VALUES (1, 2, 2, 1, "
    "80.00)",
    "INSERT INTO payments (order_id, method, cents) SELECT id, 'card', total * 100 FROM orders "
    "WHERE state = 'new'",
    "INSERT INTO shipments (order_id, carrier, leaves, year_packed) VALUES (1, 'dhl', "
    "'09:00:00', 2025)",
    "INSERT INTO reviews (product_id, user_id, stars, body) VALUES (2, 1, 4, 'Fine')",
    "INSERT INTO audit_log (actor, action, detail) VALUES ('bob', 'logout', '{\"why\": "
    '"timeout"}\')',
    "REPLACE INTO cart_items (cart_id, product_id, quantity) VALUES (1, 1, 5)",
    "UPDATE users SET name = 'Anna', age = 31 WHERE id = 1",
    "UPDATE users SET is_active = FALSE WHERE tenant_id = 1",
    "UPDATE tenants SET plan = 'company', settings = '{\"theme\": \"light\"}' WHERE slug = 'acme'",
    "UPDATE products SET stock = stock - 1 WHERE id = 1 AND stock > 0",
    "UPDATE products SET price = 21.00, tags = 'sale' WHERE sku = 'LAMP01'",
    "UPDATE orders SET state = 'sent', note = 'on its way' WHERE id = 2",
    "UPDATE orders o JOIN users u ON u.id = o.user_id SET o.state = 'void' WHERE u.email = "
    "'ana@a.com'",
    "UPDATE sessions SET expires = '2032-01-01 00:00:00' WHERE token = 'aaaaaaaa'",
    "UPDATE shipments SET leaves = '11:00:00', flags = 5 WHERE order_id = 2",
    "UPDATE reviews SET stars = 3, body = NULL WHERE product_id = 1 AND user_id = 1",
    "DELETE FROM sessions WHERE token = 'bbbbbbbb'",
    "DELETE FROM cart_items WHERE cart_id = 1 AND product_id IN (1, 2)",
    "DELETE FROM audit_log WHERE at_time < '2024-01-01' LIMIT 100",
    "DELETE r FROM reviews r JOIN users u ON u.id = r.user_id WHERE u.name = 'Cy'",
)
