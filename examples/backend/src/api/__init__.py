"""HTTP: routes, authorisation and the error envelope."""
