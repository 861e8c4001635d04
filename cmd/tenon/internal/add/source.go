// Package add brings an API's document into a project and writes the api block for it: credentials,
// server and limits as the document has them. It fetches and composes; writing to the project is the
// command's part.
package add

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tenon/spec/openapi"
)

const (
	maxBytes = 64 << 20 // of all files of a document together
	maxFiles = 2_000
	maxHops  = 5 // redirects
)

// Source is a document as it was found: its own file and those that it refers to.
type Source struct {
	Files []File // the document itself first
	URL   string // where it was fetched; "" for a file
	// Missing are the files that it refers to and that are not there. What needs them cannot be used.
	Missing []string
}

// File is one file of a document. Its name is relative to the document's own directory, with slashes.
type File struct {
	Name string
	Src  []byte
}

// reader finds files by their names relative to the document's directory.
type reader func(ctx context.Context, name string) ([]byte, error)

// Read finds the document that spec names: an https URL (http on this machine), or a file relative to dir.
// What it refers to must lie beside it or below: a document does not choose what else is read here.
func Read(ctx context.Context, spec, dir string) (*Source, error) {
	if u, err := url.Parse(spec); err == nil && u.Host != "" && u.Scheme != "" {
		return readURL(ctx, u)
	}
	location := spec
	if !filepath.IsAbs(location) {
		location = filepath.Join(dir, location)
	}
	info, err := os.Stat(location)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", spec)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", spec)
	}
	root, err := os.OpenRoot(filepath.Dir(location))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	read := func(_ context.Context, name string) ([]byte, error) {
		info, err := root.Stat(filepath.FromSlash(name))
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, errors.New("it is not a file")
		case info.Size() > maxBytes:
			return nil, tooLarge()
		}
		return root.ReadFile(filepath.FromSlash(name))
	}
	s := &Source{}
	return s, s.collect(ctx, filepath.Base(location), read)
}

func tooLarge() error { return fmt.Errorf("it has more than %d MB", maxBytes>>20) }

// collect reads the document and, one after the other, what it refers to.
func (s *Source) collect(ctx context.Context, name string, read reader) error {
	src, err := read(ctx, name)
	if err != nil {
		return err
	}
	s.Files = []File{{name, src}}
	total := len(src)
	seen := map[string]bool{name: true}
	for i := 0; i < len(s.Files); i++ {
		f := s.Files[i]
		refs, err := openapi.References(f.Name, f.Src)
		if err != nil && i == 0 {
			return err
		}
		for _, ref := range refs {
			target, ok := inside(f.Name, ref)
			if !ok {
				if !slices.Contains(s.Missing, ref) {
					s.Missing = append(s.Missing, ref)
				}
				continue
			}
			if seen[target] {
				continue
			}
			seen[target] = true
			src, err := read(ctx, target)
			if err != nil {
				s.Missing = append(s.Missing, target)
				continue
			}
			if total += len(src); total > maxBytes || len(s.Files) == maxFiles {
				return fmt.Errorf("with the files that it refers to it has more than %d MB or %d files", maxBytes>>20, maxFiles)
			}
			s.Files = append(s.Files, File{target, src})
		}
	}
	return nil
}

// inside resolves a reference made in a file, if it leads to a file in the document's own directory.
func inside(from, ref string) (string, bool) {
	if strings.Contains(ref, ":") || strings.HasPrefix(ref, "/") || strings.Contains(ref, `\`) {
		return "", false
	}
	name := path.Join(path.Dir(from), ref)
	return name, filepath.IsLocal(filepath.FromSlash(name)) && name != "."
}

// readURL fetches a document.
func readURL(ctx context.Context, u *url.URL) (*Source, error) {
	if u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		return nil, fmt.Errorf("%s is not fetched: only https is, since anyone on the way could change what comes otherwise", u.Redacted())
	}
	f := &fetcher{client: &http.Client{Timeout: time.Minute}}
	f.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxHops:
			return fmt.Errorf("more than %d redirects", maxHops)
		case r.URL.Scheme != "https" && !(r.URL.Scheme == "http" && local(r.URL.Hostname()) && local(u.Hostname())):
			return fmt.Errorf("it redirects to %s, which is not https", r.URL.Redacted())
		case f.base != nil && r.URL.Host != f.base.Host:
			return fmt.Errorf("it redirects to another host, %s", r.URL.Host)
		}
		return nil
	}
	name := path.Base(u.Path)
	if name == "/" || name == "." {
		name = "openapi"
	}
	s := &Source{URL: u.Redacted()}
	first := true
	err := s.collect(ctx, name, func(ctx context.Context, file string) ([]byte, error) {
		if first {
			first = false
			src, at, err := f.get(ctx, u)
			f.base = at
			return src, err
		}
		src, _, err := f.get(ctx, f.base.ResolveReference(&url.URL{Path: "./" + file}))
		return src, err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	return s, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type fetcher struct {
	client *http.Client
	base   *url.URL // where the document itself was found, after redirects; nil until then
}

// get fetches one file and says where it was found.
func (f *fetcher) get(ctx context.Context, u *url.URL) ([]byte, *url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Accept", "application/json, application/yaml, text/yaml, */*;q=0.5")
	r.Header.Set("User-Agent", "tenon")
	answer, err := f.client.Do(r)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the URL is said already
		}
		return nil, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("the server answers %s", answer.Status)
	}
	src, err := io.ReadAll(io.LimitReader(answer.Body, maxBytes+1))
	if err == nil && len(src) > maxBytes {
		err = tooLarge()
	}
	return src, answer.Request.URL, err
}
