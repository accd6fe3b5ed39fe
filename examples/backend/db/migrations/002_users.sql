-- Every timestamp is UTC without a zone: the application never sees a local time.
CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL,
    cpf        text,
    status     text NOT NULL DEFAULT 'pending',
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    updated_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_cpf_key UNIQUE (cpf),
    CONSTRAINT users_name_check CHECK (btrim(name) <> ''),
    CONSTRAINT users_email_check CHECK (email = lower(email)),
    CONSTRAINT users_cpf_check CHECK (cpf ~ '^[0-9]{11}$'),
    CONSTRAINT users_status_check CHECK (status IN ('pending', 'approved', 'rejected', 'inactive'))
);

CREATE INDEX users_status_idx ON users (status);
