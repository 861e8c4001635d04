package exec_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// sequence is a step whose items are read as they arrive.
func sequence(t testing.TB, name, contentType string, item *types.Type, guard *types.Type) *plan.Op {
	o := step(t, name, get(t, "/"+name))
	content := &plan.Content{ContentType: contentType, Type: types.ListOf(item)}
	if guard != nil {
		content.Guard = &plan.Guard{Type: types.ListOf(guard), What: "the answer", Range: at(3)}
	}
	o.Call.Responses = []*plan.Response{{Status: "200", Success: true, Content: []*plan.Content{content}}}
	o.Call.Items = &plan.Items{Stream: true}
	return o
}

// TestItemsAreUsedAsTheyArrive answers events of which each is sent only when the one before has been worked on.
func TestItemsAreUsedAsTheyArrive(t *testing.T) {
	worked := make(chan string)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			b, _ := io.ReadAll(r.Body)
			worked <- string(b)
			respond(w, 200, `{}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: {\"n\":%d}\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case got := <-worked:
				if got != fmt.Sprint(i) {
					t.Errorf("worked on %s, not %d", got, i)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("event %d was held back", i)
				return
			}
		}
	}
	data := types.ObjectOf(&types.Property{Name: "data", Type: types.ObjectOf(&types.Property{Name: "n", Type: types.AnyInteger})})
	loop := each(t, "item", "stream:step.a", ops(step(t, "b", post(t, "/b", "item.data.n"))), "step.a")
	w := newWorld(t, h, ops(sequence(t, "a", "text/event-stream", data, nil), loop)).output("count", "for_each.item.count")
	if out := w.succeeds(); out["count"] != 5 {
		t.Errorf("outputs %v", out)
	}
}

var csvRow = types.ObjectOf(&types.Property{Name: "id", Type: types.AnyInteger}, &types.Property{Name: "kind", Type: types.AnyString})

func csvLoop(t testing.TB, guard *types.Type) *plan.Block {
	loop := aggregate(t, each(t, "item", "stream:step.a", ops(step(t, "v", "item.id")), "step.a"), "sum", "sum", "item.id")
	return ops(sequence(t, "a", "text/csv", csvRow, guard), loop)
}

func TestWhatIsWrongWithASequence(t *testing.T) {
	rows := "id,kind\n"
	for i := range 250 {
		rows += fmt.Sprintf("%d,a\n", i)
	}
	kinds := types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{{Openness: types.Open, MaxCount: -1,
		Properties: []*types.Property{{Name: "kind", Type: types.Enum("a", "b"), Required: true}}}}})
	for name, tt := range map[string]struct {
		contentType, body string
		guard             *types.Type
		items             int
		kind              event.Cause
		says              string
	}{
		"a broken row":              {"text/csv", rows + "1,2,3\n", nil, 250, event.InvalidResponse, "after 250 items: item 251: line 252 has 3 fields where the first line has 2"},
		"a lie":                     {"text/html", "<h1>Down for maintenance</h1>", nil, 0, event.InvalidResponse, "the body is text/html where text/csv was promised; it begins with: <h1>Down for maintenance</h1>"},
		"a promise that breaks":     {"text/csv", rows + "7,c\n", kinds, 200, event.InvalidResponse, `item 251 of the answer of GET /a breaks a promise of its spec: kind is a string of 1 character that is not one of "a", "b"`},
		"a connection that is lost": {"text/csv", rows + "cut", nil, 250, event.Network, "after 250 items: the answer broke off after "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				io.WriteString(w, strings.TrimSuffix(tt.body, "cut"))
				if strings.HasSuffix(tt.body, "cut") {
					w.(http.Flusher).Flush()
					panic(http.ErrAbortHandler)
				}
			}, csvLoop(t, tt.guard))
			w.fails(tt.kind, tt.says)
			if n := len(said[event.ItemDone](w)); n < tt.items {
				t.Errorf("%d items were worked on before, want %d", n, tt.items)
			}
		})
	}
}

func TestRefusalsOfAStreamAreRead(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { respond(w, 404, `{"error": "no such table"}`) }, csvLoop(t, nil))
	if f := w.fails(event.BadStatus, "answered 404"); !strings.Contains(f.Response.Body, "no such table") {
		t.Errorf("the answer is %+v", f.Response)
	}
}

// download and an upload that sends it on, unless it is skipped.
func copying(t testing.TB, when string) *plan.Block {
	down := step(t, "file", get(t, "/file"))
	down.Call.Responses = []*plan.Response{{Status: "200", Success: true, Content: []*plan.Content{{ContentType: "application/octet-stream", Guard: &plan.Guard{Type: types.AnyBytes}}}}}
	down.Call.Download = true
	up := step(t, "up", post(t, "/up", `{ title = "x", file = step.file.body }`), "step.file")
	up.Call.Idempotent = true
	up.Call.Body.ContentType = "multipart/form-data"
	up.Call.Retry = &plan.Retry{Attempts: 3, On: []string{"5xx", "network"}}
	if when != "" {
		up.When = e(t, when)
	}
	return ops(down, up)
}

// TestADownloadIsClosedWhenNobodySendsIt holds that an answer that was opened does not stay so.
func TestADownloadIsClosedWhenNobodySendsIt(t *testing.T) {
	gone := make(chan struct{})
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	}
	newWorld(t, h, copying(t, "false")).succeeds()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the download is still open")
	}
}

func TestAnUploadThatIsRetriedDownloadsAgain(t *testing.T) {
	content := strings.Repeat("all of it, ", 100_000)
	var downloads, uploads atomic.Int32
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="a/b.bin"`)
			if downloads.Add(1) == 2 {
				io.WriteString(w, content[:1000])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler) // the second download breaks off, and with it the second upload
			}
			io.WriteString(w, content)
			return
		}
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		form, err := multipart.NewReader(r.Body, params["boundary"]).ReadForm(1 << 24)
		if err != nil {
			w.WriteHeader(400) // half a file
			return
		}
		if f := form.File["file"][0]; f.Filename != "b.bin" || f.Size != int64(len(content)) {
			t.Errorf("got %+v", f)
		}
		if uploads.Add(1) == 1 {
			w.WriteHeader(503)
			return
		}
		respond(w, 200, `{}`)
	}
	newWorld(t, h, copying(t, "")).succeeds()
	if downloads.Load() != 3 || uploads.Load() != 2 {
		t.Errorf("%d downloads and %d whole uploads", downloads.Load(), uploads.Load())
	}
}

func TestADownloadOfAnotherType(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>please sign in</p>")
	}
	newWorld(t, h, copying(t, "")).fails(event.InvalidResponse, "the body is text/html where application/octet-stream was promised; it begins with: <p>please sign in</p>")
}

type memory []byte

func (m memory) Open(context.Context) (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(m)), int64(len(m)), nil
}
func (m memory) Size() int64 { return int64(len(m)) }

func TestFilesOnDiskAreTheHostsToGive(t *testing.T) {
	var got string
	h := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = r.Header.Get("Content-Type") + " " + string(b)
		respond(w, 200, `{}`)
	}
	up := step(t, "up", post(t, "/up", `open(input.path)`))
	up.Call.Body.ContentType = "*/*"
	w := newWorld(t, h, ops(up))
	w.plan.Inputs = []*plan.Input{{Name: "path", Type: anything}}
	w.inputs.Values = map[string]any{"path": "a/scan.pdf"}
	w.fails(event.InvalidRequest, `the file "scan.pdf" cannot be read here`)
	w.inputs.Files = func(f *types.FileValue) (codec.Source, error) {
		if f.Path != "a/scan.pdf" {
			return nil, errors.New("another file")
		}
		return memory("PDF"), nil
	}
	if w.succeeds(); got != "application/pdf PDF" {
		t.Errorf("sent %q", got)
	}
}

// TestBodiesAreCompressedWhereTheStepSaysSo holds that bodies made of values are, and files are sent as they are.
func TestBodiesAreCompressedWhereTheStepSaysSo(t *testing.T) {
	var got []byte
	h := func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		respond(w, 200, `{}`)
	}
	encoding := param(t, "header", "Content-Encoding", `"gzip"`)
	newWorld(t, h, ops(step(t, "up", post(t, "/up", `{ a = 1 }`, encoding)))).succeeds()
	z, err := gzip.NewReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if plain, _ := io.ReadAll(z); string(plain) != `{"a":1}` {
		t.Errorf("sent %q", plain)
	}
	up := step(t, "up", post(t, "/up", `attach("already", "x")`, encoding))
	up.Call.Body.ContentType = "application/octet-stream"
	if newWorld(t, h, ops(up)).succeeds(); string(got) != "already" {
		t.Errorf("sent %q", got)
	}
}
