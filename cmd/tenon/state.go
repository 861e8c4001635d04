package main

import (
	"os"
	"path/filepath"

	"tenon/runtime/secret"
	"tenon/runtime/transport/token"
)

// stateDir is where a project's own state is kept: the flag --state-dir, else TENON_STATE_DIR, else .tenon in
// the project. It need not be there.
func stateDir(e *env, dir, flag string) string {
	switch {
	case flag != "":
		return e.path(flag)
	case e.getenv("TENON_STATE_DIR") != "":
		return e.path(e.getenv("TENON_STATE_DIR"))
	}
	return filepath.Join(e.path(dir), ".tenon")
}

// tokens is where a project's logins are kept, encrypted with the user's key.
func tokens(e *env, state string) token.Store {
	return token.NewDir(filepath.Join(state, "tokens"), func() (*secret.Sealer, error) {
		return secret.OpenKey(e.getenv, configDir(e))
	})
}

// configDir is where the user's settings are kept; "" where there is no such place.
func configDir(e *env) string {
	if dir := e.getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "tenon")
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tenon")
}
