--
-- PostgreSQL database cluster dump
--

\restrict ATeMRtQJcavBpJc6axr6PwOHZvqEtvi8YaO7FvJe214Pj8pnySn2eDWt9W4fWG5

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE shop_owner;
ALTER ROLE shop_owner WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE shop_reader;
ALTER ROLE shop_reader WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;

--
-- User Configurations
--








\unrestrict ATeMRtQJcavBpJc6axr6PwOHZvqEtvi8YaO7FvJe214Pj8pnySn2eDWt9W4fWG5

--
-- Databases
--

--
-- Database "template1" dump
--

\connect template1

--
-- PostgreSQL database dump
--

\restrict rIgYDClZOmkAVq6SsUpGUjdeXgaWGynnHQWcleSmyR3HtNJHUHjbonSo4RpRpB9

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict rIgYDClZOmkAVq6SsUpGUjdeXgaWGynnHQWcleSmyR3HtNJHUHjbonSo4RpRpB9

--
-- Database "postgres" dump
--

\connect postgres

--
-- PostgreSQL database dump
--

\restrict YnyNgaHd8itjjUngE80L4QfuyTRJgvaye4LKGe0SRFPyAZeoWP4300kNjaA7UZc

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict YnyNgaHd8itjjUngE80L4QfuyTRJgvaye4LKGe0SRFPyAZeoWP4300kNjaA7UZc

--
-- Database "shop" dump
--

--
-- PostgreSQL database dump
--

\restrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE shop OWNER TO postgres;

\unrestrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U
\connect shop
\restrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: DATABASE PROPERTIES; Schema: -; Owner: postgres
--

ALTER DATABASE shop SET search_path TO 'shop', 'public';


\unrestrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U
\connect shop
\restrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: shop_owner
--

CREATE SCHEMA shop;


ALTER SCHEMA shop OWNER TO shop_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: users; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.users (
    id bigint NOT NULL,
    name text NOT NULL,
    note text
);


ALTER TABLE shop.users OWNER TO shop_owner;

--
-- Name: users_id_seq; Type: SEQUENCE; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: users; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.users (id, name, note) FROM stdin;
1	Ana	a\tb; 'c'
2	\\.	\N
3	ação	two\nlines
\.


--
-- Name: users_id_seq; Type: SEQUENCE SET; Schema: shop; Owner: shop_owner
--

SELECT pg_catalog.setval('shop.users_id_seq', 3, true);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: users own; Type: POLICY; Schema: shop; Owner: shop_owner
--

CREATE POLICY own ON shop.users FOR SELECT TO shop_reader USING ((name = CURRENT_USER));


--
-- Name: users; Type: ROW SECURITY; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.users ENABLE ROW LEVEL SECURITY;

--
-- Name: TABLE users; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT ON TABLE shop.users TO shop_reader;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: shop; Owner: shop_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT SELECT ON TABLES  TO shop_reader;


--
-- PostgreSQL database dump complete
--

\unrestrict S0Q66aiGLJLNkhYoK2uHRhxJb7342n9sg5gFKu1E6PqZeN0Y6eYctpZVeoV3R9U

--
-- PostgreSQL database cluster dump complete
--

