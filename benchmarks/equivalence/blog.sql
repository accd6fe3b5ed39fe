CREATE TABLE authors (
    id        serial PRIMARY KEY,
    handle    text NOT NULL UNIQUE CHECK (handle = lower(handle)),
    name      text,
    joined    date NOT NULL DEFAULT current_date,
    is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE posts (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id    integer NOT NULL REFERENCES authors ON DELETE CASCADE,
    editor_id    integer REFERENCES authors,
    title        text NOT NULL,
    body         text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'hidden')),
    published_at timestamptz,
    views        integer NOT NULL DEFAULT 0 CHECK (views >= 0),
    rating       numeric(3, 1),
    CHECK ((state = 'published') = (published_at IS NOT NULL))
);
CREATE TABLE tags (
    id    smallserial PRIMARY KEY,
    label varchar(30) NOT NULL UNIQUE
);
CREATE TABLE post_tags (
    post_id uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
    tag_id  smallint NOT NULL REFERENCES tags,
    PRIMARY KEY (post_id, tag_id)
);
CREATE TABLE comments (
    id         bigserial PRIMARY KEY,
    post_id    uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
    parent_id  bigint REFERENCES comments,
    author_id  integer REFERENCES authors ON DELETE SET NULL,
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    is_spam    boolean
);
CREATE TABLE likes (
    post_id   uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
    author_id integer NOT NULL REFERENCES authors ON DELETE CASCADE,
    liked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (post_id, author_id)
);
