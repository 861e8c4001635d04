package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/plan"
)

// keeping is a project's store, open, and what encrypts in it.
type keeping struct {
	store *store.SQLite
	key   *userKey
}

// openKeeping opens the store in a state directory, and makes it unless mode is ReadOnly. who is the command, for the
// message that another process gets.
func openKeeping(ctx context.Context, e *env, state string, mode store.Mode, who string) (*keeping, error) {
	s, err := store.Open(ctx, state, mode, who)
	if err != nil {
		return nil, err
	}
	if mode != store.ReadOnly {
		if err := ignored(state); err != nil {
			s.Close()
			return nil, err
		}
	}
	k := &userKey{}
	k.open = sync.OnceValues(func() (*secret.Sealer, error) { return secret.OpenKey(e.getenv, configDir(e)) })
	return &keeping{s, k}, nil
}

// ignored keeps a state directory out of version control.
func ignored(state string) error {
	f, err := os.OpenFile(filepath.Join(state, ".gitignore"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString("*\n")
	return errors.Join(err, f.Close())
}

func (k *keeping) engine() engine.Keeping { return engine.Keeping{Store: k.store, Sealer: k.key} }

// userKey is the user's key, made when it is first needed: most runs have no secret to encrypt.
type userKey struct {
	open func() (*secret.Sealer, error)
}

// need makes sure that there is a key, for a plan with secrets.
func (u *userKey) need(p *plan.Plan) error {
	if len(p.Secrets) == 0 {
		return nil
	}
	_, err := u.open()
	return err
}

// Seal is only called after need: without a secret there is nothing to seal.
func (u *userKey) Seal(plain []byte, what string) []byte {
	s, err := u.open()
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return s.Seal(plain, what)
}

func (u *userKey) Open(data []byte, what string) ([]byte, error) {
	s, err := u.open()
	if err != nil {
		return nil, err
	}
	return s.Open(data, what)
}

// secretsOf finds the secrets of the plan of an earlier run.
func (k *keeping) secretsOf(ctx context.Context, e *env, dir string) func(*plan.Plan) (map[string]secret.Value, error) {
	return func(p *plan.Plan) (map[string]secret.Value, error) {
		if err := k.key.need(p); err != nil {
			return nil, err
		}
		return secrets(ctx, e, dir, p, nil)
	}
}

// unknownRun says what to do about a run that is not there.
func unknownRun(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no run %s; `tenon runs list` shows those that are kept", id)
	}
	return err
}

// What of the past stays without anybody asking for more.
const (
	keptFor  = 90 * 24 * time.Hour
	keptSize = 1 << 30
)

// tidy forgets runs that ended long ago, at most once a day: it takes longer than a short run. That it fails is said by
// the next command that needs the store.
func (k *keeping) tidy(ctx context.Context, state string, keep time.Duration) {
	note := filepath.Join(state, "pruned")
	if info, err := os.Stat(note); err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return
	}
	if os.WriteFile(note, nil, 0o600) == nil {
		k.store.Prune(ctx, store.Keep{Now: time.Now(), Age: keep, Bytes: keptSize})
	}
}
