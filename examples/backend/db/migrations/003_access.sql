-- Who may do what, and where: permissions are granted to roles, roles are assigned to users
-- within a scope, and scopes form a tree.
CREATE TABLE permissions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL,
    description text NOT NULL DEFAULT '',
    CONSTRAINT permissions_code_key UNIQUE (code),
    CONSTRAINT permissions_code_check CHECK (code ~ '^[a-z_]+:[a-z_]+$')
);

CREATE TABLE roles (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    CONSTRAINT roles_name_key UNIQUE (name)
);

CREATE TABLE role_permissions (
    role_id       bigint NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id bigint NOT NULL REFERENCES permissions (id),
    PRIMARY KEY (role_id, permission_id)
);

CREATE TABLE scopes (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    type      text NOT NULL,
    parent_id bigint REFERENCES scopes (id),
    CONSTRAINT scopes_name_key UNIQUE NULLS NOT DISTINCT (parent_id, name),
    CONSTRAINT scopes_type_check CHECK (type IN ('organization', 'department', 'project')),
    CONSTRAINT scopes_parent_check CHECK (parent_id <> id)
);

CREATE TABLE assignments (
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id    bigint NOT NULL REFERENCES roles (id),
    scope_id   bigint NOT NULL REFERENCES scopes (id),
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    PRIMARY KEY (user_id, role_id, scope_id)
);

CREATE INDEX assignments_role_idx ON assignments (role_id);
CREATE INDEX assignments_scope_idx ON assignments (scope_id);
