package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// filesAPI is two APIs in one document: one to read files and rows from, one to send them to.
const filesAPI = `
openapi: 3.0.3
info: { title: Files, version: "1" }
paths:
  /files/{id}:
    get:
      operationId: download
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: ok, content: { application/octet-stream: { schema: { type: string, format: binary } } } }
  /uploads:
    post:
      operationId: upload
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [file, title]
              properties:
                title: { type: string }
                file: { type: string, format: binary }
      responses:
        "201":
          description: made
          content: { application/json: { schema: { type: object, required: [size, sha256], properties: { size: { type: integer }, sha256: { type: string } } } } }
  /rows:
    get:
      operationId: rows
      responses:
        "200":
          description: ok
          content:
            text/csv:
              schema: { type: array, items: { type: object, required: [id, price], properties: { id: { type: integer }, price: { type: number }, note: { type: string } } } }
`

const filesProject = `
api "files" {
  spec   = "files.yaml"
  server = var.server

  retry {
    attempts = 3
    initial  = "1ms"
    on       = ["5xx"]
  }
}

variable "server" { type = string }

integration "copy" {
  step "file" {
    call   = files.download
    params = { id = "big" }
  }

  step "upload" {
    call       = files.upload
    idempotent = true
    body       = { title = "a copy", file = step.file.body }
  }

  output "size" { value = step.upload.body.size }
  output "sha256" { value = step.upload.body.sha256 }
}

integration "send" {
  input "path" { type = string }

  step "upload" {
    call       = files.upload
    idempotent = true
    body       = { title = "from disk", file = attach(open(input.path), "report.pdf", "application/pdf") }
  }

  output "sha256" { value = step.upload.body.sha256 }
}

integration "sum" {
  step "rows" { call = files.rows }

  for_each "row" {
    in    = step.rows.items
    where = row.price > 1

    aggregate "total" { sum = row.id }
  }

  output "total" { value = for_each.row.total }
  output "count" { value = for_each.row.count }
}
`

// filler gives n bytes that no two places of are alike.
type filler struct{ at, n int64 }

func (f *filler) Read(b []byte) (int, error) {
	if f.at == f.n {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), f.n-f.at)]
	for i := range b {
		b[i] = byte((f.at+int64(i))>>3 ^ (f.at+int64(i))*7)
	}
	f.at += int64(len(b))
	return len(b), nil
}

// filesServer serves filesAPI with a file of the given size. The first upload is taken whole and answered with 503.
type filesServer struct {
	size, rows          int64
	downloads, uploads  atomic.Int32
	length              atomic.Int64 // of the last upload, as it was announced
	filename, mediaType atomic.Value
	fail                atomic.Int32
}

func (s *filesServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/files/big":
		s.downloads.Add(1)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(s.size, 10))
		io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{&filler{n: s.size}}, make([]byte, 64<<10))
	case "/rows":
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		fmt.Fprint(w, "id,price,note\r\n")
		for i := range s.rows {
			fmt.Fprintf(w, "%d,%d.5,\"row, number %d\"\r\n", i, i%3, i)
		}
	case "/uploads":
		s.upload(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *filesServer) upload(w http.ResponseWriter, r *http.Request) {
	s.uploads.Add(1)
	s.length.Store(r.ContentLength)
	parts, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	var sum hash.Hash
	var n int64
	for {
		p, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		if p.FormName() == "file" {
			sum, n = s.take(p)
		}
	}
	if s.fail.Add(-1) >= 0 {
		w.WriteHeader(503)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(201)
	fmt.Fprintf(w, `{"size": %d, "sha256": "%x"}`, n, sum.Sum(nil))
}

func (s *filesServer) take(p *multipart.Part) (hash.Hash, int64) {
	s.filename.Store(p.FileName())
	s.mediaType.Store(p.Header.Get("Content-Type"))
	h := sha256.New()
	n, _ := io.CopyBuffer(h, struct{ io.Reader }{p}, make([]byte, 64<<10))
	return h, n
}

func filesProjectDir(t testing.TB) string {
	return writeProject(t, map[string][]byte{"main.hcl": []byte(strings.TrimLeft(filesProject, "\n")), "files.yaml": []byte(filesAPI)})
}

// runBinary runs the released binary and gives what it printed and the memory it had resident at most.
func runBinary(t testing.TB, args ...string) (stdout string, resident int64) {
	t.Helper()
	cmd := exec.Command(buildBinary(t), args...)
	cmd.Env = append(os.Environ(), "TENON_CACHE="+t.TempDir())
	var out, failure strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { resident = highWater(cmd.Process.Pid, over) })
	err := cmd.Wait()
	close(over)
	if watching.Wait(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), failure.String())
	}
	return out.String(), resident
}

// highWater reads how much memory a process has had resident at most, until over is closed. (What the kernel counts
// for a child that has ended includes the memory of the process that it was forked from.)
func highWater(pid int, over chan struct{}) (bytes int64) {
	for {
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kb int64
				fmt.Sscan(rest, &kb)
				bytes = max(bytes, kb<<10)
			}
		}
		select {
		case <-over:
			return bytes
		case <-time.After(10 * time.Millisecond):
		}
	}
}

const maxResident = 64 << 20

// TestStreaming copies a file from one API to another by multipart, sends one from disk, and goes through rows of
// CSV, each in memory that does not grow with the size. TENON_STREAM_MB says how much to copy: 2048 in the figures
// of docs/performance.md.
func TestStreaming(t *testing.T) {
	size := int64(96 << 20)
	if testing.Short() {
		size = 32 << 20
	}
	if mb, err := strconv.ParseInt(os.Getenv("TENON_STREAM_MB"), 10, 64); err == nil {
		size = mb << 20
	}
	s := &filesServer{size: size, rows: 400_000}
	server := httptest.NewServer(s)
	defer server.Close()
	dir := filesProjectDir(t)
	h := sha256.New()
	io.Copy(h, &filler{n: size})
	want := fmt.Sprintf("%x", h.Sum(nil))

	t.Run("from one API to another", func(t *testing.T) {
		s.fail.Store(1)
		out, resident := runBinary(t, "run", "copy", dir, "--var", "server="+server.URL, "--json")
		if !strings.Contains(out, want) || !strings.Contains(out, fmt.Sprintf(`"size": %d`, size)) {
			t.Errorf("another file arrived: %s", out)
		}
		if s.downloads.Load() != 2 || s.uploads.Load() != 2 || s.length.Load() <= size || s.filename.Load() != "big" {
			t.Errorf("%d downloads, %d uploads, %d bytes announced, named %q", s.downloads.Load(), s.uploads.Load(), s.length.Load(), s.filename.Load())
		}
		t.Logf("%d MB twice: %d MB resident", size>>20, resident>>20)
		if resident == 0 || resident > maxResident {
			t.Errorf("%d MB resident", resident>>20)
		}
	})
	t.Run("from disk", func(t *testing.T) {
		f, err := os.Create(filepath.Join(dir, "big.bin"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(f, &filler{n: size})
		f.Close()
		out, resident := runBinary(t, "run", "send", dir, "--var", "server="+server.URL, "--input", "path=big.bin", "--json")
		if !strings.Contains(out, want) || s.filename.Load() != "report.pdf" || s.mediaType.Load() != "application/pdf" {
			t.Errorf("%s, named %q, %q", out, s.filename.Load(), s.mediaType.Load())
		}
		t.Logf("%d MB: %d MB resident", size>>20, resident>>20)
		if resident > maxResident {
			t.Errorf("%d MB resident", resident>>20)
		}
	})
	t.Run("rows", func(t *testing.T) {
		out, resident := runBinary(t, "run", "sum", dir, "--var", "server="+server.URL, "--json")
		var total, count int64
		for i := range s.rows {
			if i%3 > 0 {
				total, count = total+i, count+1
			}
		}
		if !strings.Contains(out, fmt.Sprintf(`"total": %d`, total)) || !strings.Contains(out, fmt.Sprintf(`"count": %d`, count)) {
			t.Errorf("%s, want %d and %d", out, total, count)
		}
		t.Logf("%d rows: %d MB resident", s.rows, resident>>20)
		if resident > maxResident {
			t.Errorf("%d MB resident", resident>>20)
		}
	})
}
