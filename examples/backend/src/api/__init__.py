"""HTTP: routes, authorization and the error envelope."""
