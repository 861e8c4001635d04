package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tenon/runtime/secret"
	"tenon/runtime/store"
)

// A delivery in which a secret of the project stands, its key too, is on disk only encrypted; it takes effect all the same, once.
func TestDeliveriesThatHoldSecretsAreSealed(t *testing.T) {
	w := newWorld(t, "")
	w.gate = make(chan struct{})
	dir := t.TempDir()
	s, err := store.Open(context.Background(), dir, store.Exclusive, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	sealer, err := secret.NewSealer([]byte("01234567890123456789012345678901"))
	if err != nil {
		t.Fatal(err)
	}
	change := func(o *Options) {
		o.Sealer, o.MaxRuns, o.Drain, o.Engine.Grace = sealer, 1, time.Millisecond, time.Millisecond
	}
	d, stop := w.daemon(s, change)
	deliver(d, `{"id":"e0","text":"first"}`)
	eventually(t, "the first under way", func() bool { return w.active.Load() == 1 })
	const body = `{"id":"id s3cret","text":"it is s3cret"}`
	for range 2 {
		if rw := deliver(d, body); rw.Code != 202 {
			t.Fatalf("%d %s", rw.Code, rw.Body)
		}
	}
	looked := 0
	check := func(when string) {
		files, _ := filepath.Glob(filepath.Join(dir, "tenon.db*"))
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if looked += len(data); strings.Contains(string(data), "s3cret") {
				t.Errorf("%s: the secret stands in %s", when, filepath.Base(name))
			}
		}
	}
	check("waiting")
	stop()
	close(w.gate)
	d, stop = w.daemon(s, change)
	eventually(t, "the note", func() bool { return w.count("it is s3cret") == 1 && w.count("after it is s3cret") == 1 })
	if rw := deliver(d, body); rw.Code != 202 || !strings.Contains(rw.Body.String(), `"duplicate":true`) {
		t.Errorf("again: %d %s", rw.Code, rw.Body)
	}
	stop()
	check("done")
	if looked == 0 {
		t.Error("nothing was looked at")
	}
	if n := w.count("it is s3cret"); n != 1 {
		t.Errorf("%d effects", n)
	}
}

// With another key what was sealed cannot be read. It is not lost, and does not keep others waiting.
func TestSealedWithAnotherKey(t *testing.T) {
	w := newWorld(t, `overlap = "parallel"`)
	s := store.NewMemory()
	one, _ := secret.NewSealer([]byte("01234567890123456789012345678901"))
	other, _ := secret.NewSealer([]byte("x1234567890123456789012345678901"))
	data := fmt.Appendf(nil, `{"run":"r1","cause":"webhook paid","sealed":true}`)
	sealed := one.Seal([]byte(`{"text":"s3cret"}`), start{Run: "r1"}.what())
	if _, _, err := s.Deliver(context.Background(), store.Delivery{Hook: "note/paid", Key: "k", At: time.Now(), Data: data, Payload: sealed}); err != nil {
		t.Fatal(err)
	}
	d, stop := w.daemon(s, func(o *Options) { o.Sealer, o.MaxRuns = other, 1 })
	deliver(d, `{"id":"e1","text":"beside it"}`)
	eventually(t, "another one, and what follows it", func() bool { return w.count("beside it") == 1 && w.count("after beside it") == 1 })
	stop()
	if left, _ := s.Deliveries(context.Background(), 10); len(left) != 1 {
		t.Errorf("%d deliveries are left", len(left))
	}
	w.daemon(s, func(o *Options) { o.Sealer = one })
	eventually(t, "the sealed one", func() bool { return w.count("s3cret") == 1 })
}
