CREATE TABLE users (id int primary key generated always as identity, email text not null unique);
