package project

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"
)

// cacheAge is how long an entry that nobody reads is kept.
const cacheAge = 30 * 24 * time.Hour

// Cache keeps what was derived from documents between runs, a file per entry, in one directory for
// all projects. Losing it costs time and nothing else, so what goes wrong with it is not reported.
// It may be used by many processes at once.
type Cache struct {
	dir string
}

// OpenCache returns the cache in dir, which is made when the first entry is kept; nil for "".
func OpenCache(dir string) *Cache {
	if dir == "" {
		return nil
	}
	return &Cache{dir: dir}
}

func (c *Cache) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:]))
}

// Get returns what was kept under key.
func (c *Cache) Get(key string) ([]byte, bool) {
	name := c.file(key)
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, false
	}
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > cacheAge/30 {
		now := time.Now()
		os.Chtimes(name, now, now)
	}
	return data, true
}

// Put keeps data under key, for as long as it is read now and then.
func (c *Cache) Put(key string, data []byte) {
	if os.MkdirAll(c.dir, 0o700) != nil {
		return
	}
	c.sweep()
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if closing := f.Close(); err != nil || closing != nil || os.Rename(f.Name(), c.file(key)) != nil {
		os.Remove(f.Name())
	}
}

// sweep removes what nobody has read for long.
func (c *Cache) sweep() {
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > cacheAge {
			os.Remove(filepath.Join(c.dir, e.Name()))
		}
	}
}
