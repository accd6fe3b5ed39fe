-- Rooms of a hotel, and who has booked them.
CREATE TABLE rooms (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(40) NOT NULL,
    beds TINYINT UNSIGNED NOT NULL,
    price DECIMAL(8, 2) NOT NULL,
    UNIQUE KEY rooms_name (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE bookings (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    room_id INT UNSIGNED NOT NULL,
    person VARCHAR(80) NOT NULL,
    first_night DATE NOT NULL,
    nights SMALLINT UNSIGNED NOT NULL,
    state ENUM('held', 'confirmed', 'cancelled') NOT NULL DEFAULT 'held',
    made DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    KEY bookings_room (room_id, first_night),
    CONSTRAINT bookings_of_room FOREIGN KEY (room_id) REFERENCES rooms (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
