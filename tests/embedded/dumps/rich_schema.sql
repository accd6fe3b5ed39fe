CREATE ROLE app_owner;
CREATE ROLE "App Reader";
CREATE ROLE app_writer;
GRANT "App Reader" TO app_writer;
CREATE SCHEMA app AUTHORIZATION app_owner;
CREATE SCHEMA "Odd Name";
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'it''s');
CREATE TYPE app.pair AS (x integer, y text);
CREATE DOMAIN app.email AS text CONSTRAINT email_check CHECK (VALUE ~ '^[^@;]+@[^@]+$');
CREATE TYPE app.span AS RANGE (subtype = numeric);
CREATE SEQUENCE app.counter START 100 INCREMENT 5;
CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    email app.email UNIQUE,
    mood app.mood DEFAULT 'ok',
    lower_name text GENERATED ALWAYS AS (lower(name)) STORED,
    tags text[] DEFAULT '{}',
    data jsonb, raw bytea,
    made timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00'
);
COMMENT ON TABLE app.users IS 'People; all of them\nand \restrict is no command here';
COMMENT ON COLUMN app.users.name IS 'It''s the name';
CREATE TABLE app.orders (
    id serial, user_id bigint NOT NULL REFERENCES app.users DEFERRABLE INITIALLY DEFERRED,
    day date NOT NULL, amount numeric(10, 2) DEFAULT 0, PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE app.orders_2024 PARTITION OF app.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.orders_rest PARTITION OF app.orders DEFAULT;
CREATE INDEX orders_user ON app.orders (user_id);
CREATE UNIQUE INDEX users_lower ON app.users (lower(name)) WHERE mood = 'ok';
CREATE TABLE "Odd Name"."Table; with" ("a;b" int, "c\d" text);
CREATE VIEW app.happy WITH (security_barrier) AS SELECT id, name FROM app.users WHERE mood = 'ok';
CREATE MATERIALIZED VIEW app.totals AS SELECT user_id, sum(amount) AS total FROM app.orders GROUP BY 1;
CREATE UNIQUE INDEX totals_user ON app.totals (user_id);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.made := now(); -- it's
  RETURN NEW;
END;
$body$;
CREATE TRIGGER touch BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE FUNCTION app.twice(x int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT CASE WHEN x > 0 THEN x * 2 ELSE 0 END; END;
CREATE PROCEDURE app.commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.users (name) VALUES ('by procedure'); COMMIT; END $$;
CREATE AGGREGATE app.total(numeric) (SFUNC = numeric_add, STYPE = numeric);
CREATE RULE no_delete AS ON DELETE TO "Odd Name"."Table; with" DO INSTEAD (SELECT 1; SELECT 2);
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION app.on_ddl();
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.users FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.users FOR SELECT TO "App Reader" USING (name = current_user);
CREATE POLICY written ON app.users FOR INSERT TO app_writer WITH CHECK (name <> current_user);
ALTER TABLE app.users OWNER TO app_owner;
ALTER FUNCTION app.touch() OWNER TO app_owner;
ALTER TYPE app.mood OWNER TO app_owner;
GRANT USAGE ON SCHEMA app TO "App Reader";
GRANT SELECT, UPDATE (name) ON app.users TO "App Reader" WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION app.touch() TO app_writer;
REVOKE ALL ON FUNCTION app.twice(int) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA app GRANT SELECT ON TABLES TO "App Reader";
CREATE PUBLICATION changes FOR TABLE app.users, app.orders;
CREATE EXTENSION vector;
CREATE TABLE app.items (id int PRIMARY KEY, embedding vector(3));
CREATE STATISTICS app.stats (dependencies) ON id, day FROM app.orders;
CREATE COLLATION app.code FROM "C";
CREATE CAST (app.mood AS integer) WITH INOUT;
CREATE OPERATOR app.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE TEXT SEARCH CONFIGURATION app.plain (COPY = simple);
INSERT INTO app.users (name, email, mood, tags, data, raw) VALUES
  ('Ana', 'a@x', 'it''s', '{a,"b c"}', '{"a": "\\ \" \n"}', '\xdeadbeef'),
  (E'tab\tnewline\nback\\slash', NULL, NULL, NULL, 'null', NULL), ('\.', 'b@y', 'sad', '{}', '[]', ''), ('ação', 'c@z', 'ok', '{NULL}', '1', '\x00');
INSERT INTO app.orders (user_id, day, amount) VALUES (1, '2024-05-01', 10), (2, '2030-01-01', 5.5);
INSERT INTO "Odd Name"."Table; with" VALUES (1, E'\\.'), (2, '');
INSERT INTO app.items VALUES (1, '[1,2,3]');
SELECT nextval('app.counter');
REFRESH MATERIALIZED VIEW app.totals;
SELECT lo_from_bytea(4242, '\x010203');
ALTER LARGE OBJECT 4242 OWNER TO app_owner;
COMMENT ON LARGE OBJECT 4242 IS 'a blob';
