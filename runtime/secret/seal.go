package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keySize is that of AES-256.
const keySize = 32

// KeyVariable is the environment variable that holds the key with which secrets are encrypted at rest.
const KeyVariable = "TENON_KEY"

// Sealer encrypts what is kept on disk (AES-256-GCM). It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer with a key of 32 bytes.
func NewSealer(key []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d", keySize, len(key))
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead}, nil
}

// sealed is how sealed data begin: what they are, and in which form.
const sealed = "tenon-sealed-1\n"

// Seal encrypts plain. What says what it is and where it belongs; it must be the same to open it.
func (s *Sealer) Seal(plain []byte, what string) []byte {
	return s.aead.Seal([]byte(sealed), nil, plain, []byte(what))
}

// Open decrypts what Seal made. The error says why it cannot be.
func (s *Sealer) Open(data []byte, what string) ([]byte, error) {
	text, ok := strings.CutPrefix(string(data), sealed)
	if !ok {
		return nil, errors.New("it is not in the form in which Tenon keeps secrets")
	}
	plain, err := s.aead.Open(nil, nil, []byte(text), []byte(what))
	if err != nil {
		return nil, errors.New("it cannot be decrypted: it was made with another key, or changed since")
	}
	return plain, nil
}

// OpenKey returns the sealer of this user: with the key in the environment variable TENON_KEY, else with
// the one in the file key in dir, which is made if it is not there. Only its owner may read that file.
func OpenKey(getenv func(string) string, dir string) (*Sealer, error) {
	if text := getenv(KeyVariable); text != "" {
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("%s %w", KeyVariable, err)
		}
		return NewSealer(key)
	}
	if dir == "" {
		return nil, fmt.Errorf("there is no directory for the user's settings to keep a key in; set %s to 32 bytes in base64", KeyVariable)
	}
	path := filepath.Join(dir, "key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		return nil, fmt.Errorf("%s can be read by others: chmod 600 it", path)
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return NewSealer(key)
}

func parseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == keySize {
		return key, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(text); err == nil && len(key) == keySize {
			return key, nil
		}
	}
	return nil, errors.New("must be 32 random bytes in base64 or hex, as `openssl rand -base64 32` makes them")
}

// makeKey writes a new key. If another process is quicker, its key counts. The file appears whole.
func makeKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	rand.Read(key)
	text := []byte(base64.StdEncoding.EncodeToString(key) + "\n")
	f, err := os.CreateTemp(filepath.Dir(path), ".key.*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
