--
-- PostgreSQL database dump
--

\restrict nH7fwRoynYiSeqi6fsV1wOESkydG0kXPi1vycxfmYK4uNmfakW1mzOvww9SH7R9

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

\unrestrict nH7fwRoynYiSeqi6fsV1wOESkydG0kXPi1vycxfmYK4uNmfakW1mzOvww9SH7R9

