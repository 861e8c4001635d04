package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/transport"
)

// Design of the journal
//
// A run is resumed by carrying out its plan again from the beginning, on a host that answers from the journal what
// was asked before. exec is deterministic given its host's answers, so it comes to where it was; what the journal
// does not have is asked of the world. Every question has a key (exec.Request.Key), so nothing depends on the
// order in which branches happen to run.
//
//	intent   a write is about to be sent: the frozen request, its body as the payload
//	answer   what a request was answered, its body as the payload
//	lost     why a request has no answer
//	unsent   the write was not sent after all, or a person says that it did not happen: the intent is void
//	today    the time that an op's expressions see
//	wait     until when a wait goes on
//	worked   for how long the run has been carried out, then
//	stopped  that a block or a loop begins nothing more, since something in it failed
//	claimed  that an item is not to be worked on again
//
// Only an intent is waited for. Whatever a write depends on was put into the journal before its intent, and the
// store keeps that order, so nothing that a server was told rests on something that may yet be forgotten. What is
// lost with a killed process is only ever the knowledge of reads, which are made again, and the answers of
// writes, which is what intents are for: a write with an intent and no answer is sent again, the same bytes with the
// same idempotency key, if that is harmless; else it counts as lost, so that the plan's recover finds out, or the run
// is in doubt. What else is known then of writes that went to disk ahead of their turn is on the slate (slate.go).
//
// Later records of a key replace earlier ones.

// kinds of records.
const (
	kindIntent  = "intent"
	kindAnswer  = "answer"
	kindLost    = "lost"
	kindUnsent  = "unsent"
	kindToday   = "today"
	kindWait    = "wait"
	kindClaimed = "claimed"
	kindState   = "state"
	kindWorked  = "worked"
	kindStopped = "stopped"
)

// Sealer encrypts what must not lie on a disk readably; secret.Sealer is one.
type Sealer interface {
	Seal(plain []byte, what string) []byte
	Open(data []byte, what string) ([]byte, error)
}

type intentData struct {
	exec.Frozen
	At     int64 `json:"at"`
	Sealed bool  `json:"sealed,omitempty"` // the payload is
}

type answerData struct {
	Status   int         `json:"status"`
	Header   http.Header `json:"header,omitempty"`
	URL      string      `json:"url,omitempty"`    // where it came from, if that is not where the request went
	Method   string      `json:"method,omitempty"` // of a read, which has no intent
	Asked    string      `json:"asked,omitempty"`  // its URL
	Attempts int         `json:"attempts,omitempty"`
	Note     string      `json:"note,omitempty"`
	At       int64       `json:"at"`
	Took     int64       `json:"took_ms,omitempty"`
	Sealed   bool        `json:"sealed,omitempty"`
	Person   bool        `json:"person,omitempty"` // who said so, not a server
}

type lostData struct {
	Cause    event.Cause `json:"cause"`
	Message  string      `json:"message"`
	Note     string      `json:"note,omitempty"`
	Sent     bool        `json:"sent,omitempty"`
	Attempts int         `json:"attempts,omitempty"`
	At       int64       `json:"at"`
	Died     bool        `json:"died,omitempty"`
}

type timeData struct {
	At time.Time `json:"at"`
}

// entry is what the journal has of one key.
type entry struct {
	kind string // of the latest record
	data []byte
	seq  int64 // of the row that has its payload
	at   span
}

// span is where a record's payload is in that of its row.
type span struct{ from, size int64 }

// journal is that of one run.
type journal struct {
	store    store.Store
	run      string
	sealer   Sealer
	redactor *secret.Redactor
	every    int         // items between two marks of a loop
	whole    bool        // records of items stay when they are over
	stop     func(error) // the run, since nothing can be kept any more

	mu      sync.Mutex
	seq     int64
	entries map[string]*entry      // of an earlier process, not asked for yet
	loops   map[string][]*buffered // the same, of loops
	parts   parts
	pages   map[string]*buffered // answers to requests for pages, by key
	undone  map[string]*buffered // by execution of a loop, the last of its records of that kind
	undoes  bool                 // items of the run can be undone
	begun   map[string]bool      // ops outside loops of which an earlier process has left something; nil: there was none
	taken   time.Time            // when something of that was last asked for
	pulse   *buffered            // the latest record of how long the run was carried out
	buf     []any                // *buffered and store.Change: not handed to the store yet
	dead    []int64              // rows that may be trimmed
	next    *group
	syncing bool
	flushes int64  // how often the buffer was handed to the store
	slate   *slate // nil: it was not asked for
}

// buffered is a record that the store may not have yet.
type buffered struct {
	kind, key     string
	data, payload []byte
	late          func() (data, payload []byte) // makes them when it is written, if it is
	dropped       bool
	earlier       bool // an earlier process left it
	stays         stay // with its like only it shares a row, which goes when all in it are of no use
	row           *row // nil: it is not written
}

// stay is how long a record is of use.
type stay uint8

const (
	asItem   stay = iota // until its item is over
	asPage               // until all items of its page are
	asResult             // as long as the run
	stays
)

// row is what the store has as one record.
type row struct {
	seq  int64
	live int // records in it that are of use
}

// load reads what an earlier process left.
func (j *journal) load(ctx context.Context) error {
	j.entries, j.loops, j.begun = map[string]*entry{}, map[string][]*buffered{}, map[string]bool{}
	for r, err := range j.store.Records(ctx, j.run, 0) {
		if err != nil {
			return err
		}
		j.seq = r.Seq
		list, err := unpack(r)
		if err != nil {
			return fmt.Errorf("record %d of run %s: %w", r.Seq, j.run, err)
		}
		in := &row{seq: r.Seq, live: len(list)}
		for i := range list {
			j.recall(&list[i], in)
		}
	}
	j.taken = time.Now()
	return nil
}

// recall notes a record of an earlier process.
func (j *journal) recall(x *packed, in *row) {
	rec := &buffered{kind: x.Kind, key: x.Key, row: in, earlier: true}
	if old := j.undone[x.Key]; old != nil && x.Kind == kindUndone {
		j.bury(old)
	}
	j.belongs(rec)
	if x.Kind != kindStopped {
		j.begun[outside(x.Key)] = true
	}
	switch x.Kind {
	case kindItems, kindMark, kindTally:
		rec.data = x.Data
		j.loops[x.Key] = append(slices.DeleteFunc(j.loops[x.Key], func(old *buffered) bool {
			gone := x.Kind == kindMark || x.Kind == kindTally && old.kind == kindTally
			if gone {
				j.bury(old)
			}
			return gone
		}), rec)
	case kindUndone:
		rec.data = x.Data
	case kindWorked:
		if x.Key == kindWorked {
			if j.pulse != nil {
				j.bury(j.pulse)
			}
			j.pulse = rec
		}
		j.entries[x.Key] = &entry{kind: x.Kind, data: x.Data}
	case kindUnsent:
		delete(j.entries, x.Key)
	default:
		j.entries[x.Key] = &entry{kind: x.Kind, data: x.Data, seq: in.seq, at: x.at}
	}
}

// take returns what the journal has of a key, once.
func (j *journal) take(key string) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.entries[key]
	if e != nil {
		delete(j.entries, key)
		j.taken = time.Now()
	}
	return e
}

// put adds a record. What holds a known secret is sealed.
func (j *journal) put(kind, key string, data any, payload []byte) error {
	text, err := j.encode(key, data)
	if err != nil {
		return err
	}
	return j.settle(nil, kind, key, text, payload)
}

// putLate adds a record that is made when it is written. Most answers never are: their items are over before.
func (j *journal) putLate(kind, key string, late func() (data, payload []byte)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	rec := &buffered{kind: kind, key: key, late: late}
	j.belongs(rec)
	j.add(rec)
	if len(j.buf) >= crowded {
		j.flush()
	}
}

func (j *journal) encode(key string, data any) ([]byte, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("journal: %w; this is a bug in Tenon", err)
	}
	return j.guard(key, text), nil
}

// Design of groups
//
// Records that are waited for share an fsync. While one is under way the next group gathers. A group is due when
// somebody in it waits in its place, when it is full, or when all that is left to do waits: until then others have
// something to send, and a larger group costs hardly more than a small one.

// full is a group that is due however much else there is to do: half of what may wait, so that the other half is sent meanwhile.
const full = beside / 2

// group is records that wait for the same fsync.
type group struct {
	size   int
	urgent bool
	done   chan struct{} // closed when they are durable
	err    error         // or why they are not
}

func (g *group) due() bool { return g != nil && (g.urgent || g.size >= full) }

// join adds a record that is waited for. The group must be waited for.
func (j *journal) join(kind, key string, text, payload []byte, weight int) *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.belongs(j.buffer(kind, key, text, payload))
	if j.next == nil {
		j.next = &group{done: make(chan struct{})}
	}
	g := j.next
	g.size += weight
	if !j.syncing && g.due() {
		j.syncing = true
		go j.lead()
	}
	return g
}

// hurry makes the group due that gathers.
func (j *journal) hurry() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next != nil {
		j.soon()
	}
}

// soon makes a group due, though nobody may be in it. The lock is held.
func (j *journal) soon() {
	if j.next == nil {
		j.next = &group{done: make(chan struct{})}
	}
	j.next.urgent = true
	if !j.syncing {
		j.syncing = true
		go j.lead()
	}
}

// await returns when a group is durable, as soon as can be.
func (j *journal) await(g *group) error {
	j.mu.Lock()
	if g == j.next {
		g.urgent = true
	}
	if g == j.next && !j.syncing {
		j.syncing = true
		j.sync()
		if j.next.due() {
			go j.lead() // for the others
		} else {
			j.syncing = false
		}
	}
	j.mu.Unlock()
	<-g.done
	return g.err
}

// lead makes groups durable for as long as one is due.
func (j *journal) lead() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.next.due() {
		j.sync()
	}
	j.syncing = false
}

// sync makes the next group durable. The lock is held, but not meanwhile.
func (j *journal) sync() {
	g := j.next
	j.next = nil
	j.flush()
	flushes := j.flushes
	j.mu.Unlock()
	if g.err = j.store.Sync(context.Background(), j.run); g.err != nil {
		j.stop(g.err)
	}
	close(g.done)
	j.mu.Lock()
	if g.err == nil {
		j.slate.forget(flushes)
	}
}

// crowded is how much waits for the next intent, lazily for how long: what is over by then needs no place on disk.
const (
	crowded = 512
	lazily  = 10 * time.Millisecond
)

// buffer adds a record to what is handed to the store before long. The lock is held.
func (j *journal) buffer(kind, key string, data, payload []byte) *buffered {
	rec := &buffered{kind: kind, key: key, data: data, payload: payload}
	j.add(rec)
	return rec
}

// add adds a record or a change. The lock is held.
func (j *journal) add(x any) {
	if j.buf = append(j.buf, x); len(j.buf) == 1 {
		time.AfterFunc(lazily, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.flush()
		})
	}
}

// belongs notes what a record is a part of. The lock is held.
func (j *journal) belongs(rec *buffered) {
	j.parts.add(rec)
	if rec.kind == kindUndone {
		if j.undone == nil {
			j.undone = map[string]*buffered{}
		}
		j.undone[rec.key] = rec
	}
	if rec.kind == kindAnswer && strings.IndexByte(rec.key, '#') >= 0 {
		if j.pages == nil {
			j.pages = map[string]*buffered{}
		}
		j.pages[rec.key], rec.stays = rec, asPage
	}
}

// queue adds a change that goes to the store after the records before it.
func (j *journal) queue(c store.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(c)
}

// flush hands everything to the store, in order. The lock is held.
func (j *journal) flush() {
	var rows, others []store.Change
	var packs [stays]packer
	for _, x := range j.buf {
		rec, is := x.(*buffered)
		switch {
		case !is:
			others = append(others, x.(store.Change))
			continue
		case rec.dropped:
			continue
		case rec.kind == kindItems:
			rec.data = j.guard(rec.key, append(rec.data, ']'))
		case rec.late != nil:
			rec.data, rec.payload = rec.late()
			rec.late = nil
		}
		p := &packs[rec.stays]
		if len(p.payload)+len(rec.payload) > packable {
			rows = p.take(j, rows)
		}
		p.add(rec)
	}
	j.buf = j.buf[:0]
	j.flushes++
	for i := range packs {
		rows = packs[i].take(j, rows)
	}
	if len(rows) > 0 {
		j.date()
	}
	if changes := append(rows, others...); len(changes) > 0 {
		j.store.Queue(j.run, changes...)
	}
}

// guard seals a record's data if it holds a secret.
func (j *journal) guard(key string, text []byte) []byte {
	if !j.confides(text) {
		return text
	}
	text, _ = json.Marshal(sealedData{j.sealer.Seal(text, j.what(key))})
	return text
}

type sealedData struct {
	Sealed []byte `json:"sealed_record"`
}

func (j *journal) what(key string) string { return "journal of " + j.run + ": " + key }

// confides reports whether text holds a secret that is known.
func (j *journal) confides(text []byte) bool {
	return j.sealer != nil && j.redactor.Finds(string(text))
}

// body is a payload as it is kept.
func (j *journal) body(key string, body []byte) (kept []byte, sealed bool) {
	if !j.confides(body) {
		return body, false
	}
	return j.sealer.Seal(body, j.what(key)), true
}

// read decodes a record's data.
func (j *journal) read(key string, data []byte, into any) error {
	data, err := j.unguard(key, data)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// unguard is the data that guard was given.
func (j *journal) unguard(key string, data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(`{"sealed_record":`)) {
		return data, nil
	}
	var s sealedData
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	return j.open(key, s.Sealed)
}

func (j *journal) open(key string, data []byte) ([]byte, error) {
	if j.sealer == nil {
		return nil, errors.New("it is encrypted, and there is no key")
	}
	return j.sealer.Open(data, j.what(key))
}

// payload returns a record's body.
func (j *journal) payload(key string, e *entry, sealed bool) ([]byte, error) {
	if e.at.size == 0 {
		return nil, nil
	}
	body, err := j.store.Payload(context.Background(), j.run, e.seq)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) < e.at.from+e.at.size {
		return nil, fmt.Errorf("record %d is %w: its payload is too short", e.seq, store.ErrDamaged)
	}
	if body = body[e.at.from : e.at.from+e.at.size]; sealed {
		return j.open(key, body)
	}
	return body, nil
}

// intend adds a write's intent, which is on disk when its group is.
func (j *journal) intend(r *exec.Request, now time.Time, weight int) *group {
	d := intentData{Frozen: r.Freeze(), At: now.UnixMilli()}
	var body []byte
	body, d.Sealed = j.body(r.Key, r.Body)
	return j.join(kindIntent, r.Key, j.guard(r.Key, d.json()), body, weight)
}

// frozen is the request of an intent, with today's credentials.
func (j *journal) frozen(r *exec.Request, e *entry) (*exec.Request, error) {
	var d intentData
	if err := j.read(r.Key, e.data, &d); err != nil {
		return nil, err
	}
	body, err := j.payload(r.Key, e, d.Sealed)
	if err != nil {
		return nil, err
	}
	return r.Thaw(d.Frozen, body)
}

// outcome notes what came of a request. line is that of the slate about it, or nil.
func (j *journal) outcome(r *exec.Request, res *transport.Response, err error, began, now time.Time, line *line) error {
	if err != nil {
		var e *transport.Error
		if !errors.As(err, &e) {
			return nil // a bug, which ends the run anyway
		}
		if e.Cause == event.RunCanceled {
			return j.stopped(r, e, line)
		}
		data, err := j.encode(r.Key, lostData{e.Cause, e.Message, e.Note, e.Sent, e.Attempts, now.UnixMilli(), e.Died})
		if err != nil {
			return err
		}
		return j.settle(line, kindLost, r.Key, data, nil)
	}
	late := func() (data, payload []byte) {
		d := answer(r, res)
		d.At, d.Took = now.UnixMilli(), now.Sub(began).Milliseconds()
		payload, d.Sealed = j.body(r.Key, res.Body)
		return j.guard(r.Key, d.json()), payload
	}
	if line == nil {
		j.putLate(kindAnswer, r.Key, late)
		return nil
	}
	data, payload := late()
	return j.settle(line, kindAnswer, r.Key, data, payload)
}

func answer(r *exec.Request, res *transport.Response) *answerData {
	d := &answerData{Status: res.Status, Header: res.Header, Attempts: res.Attempts, Note: res.Note}
	if r.Safe {
		d.Method, d.Asked = r.Method, r.URL.String()
	}
	if res.URL != nil && res.URL.String() != r.URL.String() {
		d.URL = res.URL.String()
	}
	if _, cookie := res.Header["Set-Cookie"]; cookie {
		// A session is as good as a password, and no expression can have a use for it in a later process.
		d.Header = res.Header.Clone()
		d.Header.Del("Set-Cookie")
	}
	return d
}

// stopped notes what became of a request that was cut off with its run. A read is made again later; a write
// that did not leave is as if it had never been meant. One that left stays an intent without an answer.
func (j *journal) stopped(r *exec.Request, e *transport.Error, line *line) error {
	if r.Safe || e.Sent {
		return nil
	}
	return j.void(r, line)
}

// void notes that a write was not sent, and will not be.
func (j *journal) void(r *exec.Request, line *line) error {
	return j.settle(line, kindUnsent, r.Key, []byte("{}"), nil)
}

// answered returns what a request was answered, or why it was not.
func (j *journal) answered(r *exec.Request, e *entry) (*transport.Response, error) {
	if e.kind == kindLost {
		var d lostData
		if err := j.read(r.Key, e.data, &d); err != nil {
			return nil, err
		}
		return nil, &transport.Error{Cause: d.Cause, Message: d.Message, Note: d.Note, Sent: d.Sent, Died: d.Died, Attempts: d.Attempts}
	}
	var d answerData
	if err := j.read(r.Key, e.data, &d); err != nil {
		return nil, err
	}
	body, err := j.payload(r.Key, e, d.Sealed)
	if err != nil {
		return nil, err
	}
	res := &transport.Response{Status: d.Status, Header: d.Header, Body: body, URL: r.URL, Attempts: d.Attempts, Note: d.Note}
	if res.Header == nil {
		res.Header = http.Header{}
	}
	if d.URL != "" {
		if res.URL, err = url.Parse(d.URL); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// broken is how a run stops whose journal cannot be read or written.
func (j *journal) broken(err error) error {
	j.stop(err)
	return &transport.Error{Cause: event.RunCanceled, Message: err.Error(), Err: err}
}

// once returns a time that a run which is repeated sees again.
func (j *journal) once(kind, key string, now time.Time) time.Time {
	key = kind + " " + key
	if e := j.take(key); e != nil {
		var d timeData
		if err := j.read(key, e.data, &d); err == nil {
			return d.At
		} else {
			j.stop(err)
		}
	}
	if err := j.put(kind, key, timeData{now}, nil); err != nil {
		j.stop(err)
	}
	return now
}
