package exec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"tenon/runtime/event"
	"tenon/spec/types"
)

// Design: a run that is repeated would carry out the body for every item again, if only to hear of each
// that it is done. So a loop takes notes of the items that are over, and now and then a mark of all it has come to,
// which replaces the notes before it. What the host keeps of the items' own requests can then be forgotten.
//
// An item in doubt, or with one in it, and one that the run was stopped under, is not noted: it is gone through again.
// What undoes an item is put on the loop's shelf when it is noted.

// Notes are what a host keeps of one execution of a loop.
type Notes interface {
	// Recall gives the last mark, if there is one, and the notes after it; in a loop with lists also those before it. item
	// says whether undos of the item rest.
	Recall(mark func(data []byte) error, item func(n int, data []byte) (undos bool, err error)) error
	// Item notes that the item with index n is over. What was kept for it may be forgotten, but if undos of it rest not what
	// those have asked in earlier processes. due: it is time for a mark.
	Item(n int, data []byte, undos bool) (due bool)
	// Mark replaces all marks before it, and unless the loop has lists all notes. Of the pages that were asked for by requests with the key read + "#" + number,
	// those from the second on and before page are not needed any more.
	Mark(data []byte, read string, page int)
}

// notebook is a loop's side of its notes. Its fields are guarded by the iteration's lock.
type notebook struct {
	Notes
	over  stretches    // items that are over
	read  string       // key of the requests for pages
	pages []*placeMark // those that have items which are not over, and what comes after; oldest first
	// What the items that are over have come to. The tally has those in doubt, too, and those that succeeded beside them.
	succeeded, failed, skipped, writes int
	fault                              *fault // of the first of them that failed
	at                                 int
	undos                              int // that rest
	undone                             undone
	folds                              []fold // but for lists
}

// placeMark is where a page of a loop's items is to be asked for.
type placeMark struct {
	First  int           `json:"first"` // index of its first item
	Page   int           `json:"page"`  // read before it
	Items  int64         `json:"items"` // given before it
	Cursor *event.Cursor `json:"cursor"`
}

// place is where the feed is: what it gives next begins with the item with index first. nil: it cannot go on there.
func (f *feed) place(first int) *placeMark {
	if f.pages == nil || f.pages.cursor == nil {
		return nil
	}
	return &placeMark{first, f.pages.page, f.pages.count, f.pages.cursor}
}

// reached notes where a page is from whose items now begin.
func (x *iteration) reached(at *placeMark) {
	if x.notes == nil || at == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.notes.pages = append(x.notes.pages, at)
}

// goOn makes the feed begin with the page that has the first item which is not over, and returns the index of the page's
// first item.
func (x *iteration) goOn(from *feed) int {
	if x.notes == nil || from.pages == nil {
		return 0
	}
	x.notes.read = from.pages.scope.key("")
	if len(x.notes.pages) == 0 {
		return 0
	}
	at := x.notes.pages[0]
	x.notes.pages = nil
	from.pages.cursor, from.pages.page, from.pages.count = at.Cursor, at.Page, at.Items
	return at.First
}

func (x *iteration) notebook() *notebook {
	if x.s.aside {
		return nil
	}
	lists := slices.ContainsFunc(x.loop.aggregates, func(a *aggregate) bool { return a.fold == "list" })
	notes := x.run.host.Loop(x.key, x.run.ids(x.loop.inside), lists)
	if notes == nil {
		return nil
	}
	return &notebook{Notes: notes, folds: make([]fold, len(x.folds))}
}

// isOver reports whether the item with index n was dealt with before.
func (x *iteration) isOver(n int) bool {
	if x.notes == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.notes.over.has(n)
}

// itemNote is what is kept of an item that is over.
type itemNote struct {
	Values  []kept        `json:"v,omitempty"` // by aggregate
	Failed  *faultNote    `json:"f,omitempty"`
	Skipped bool          `json:"s,omitempty"`
	Writes  int           `json:"w,omitempty"` // that servers took
	Undos   int           `json:"u,omitempty"` // that rest
	Undone  *event.Undone `json:"d,omitempty"` // in it
}

type faultNote struct {
	event.Failure
	Status  int  `json:"status,omitempty"`
	Headers kept `json:"headers,omitzero"`
	Body    kept `json:"body,omitzero"`
}

// loopMark is what is kept of a loop in all.
type loopMark struct {
	Below     int           `json:"below"`
	Beyond    [][2]int      `json:"beyond,omitempty"` // from, to
	Succeeded int           `json:"succeeded,omitempty"`
	Failed    int           `json:"failed,omitempty"`
	Skipped   int           `json:"skipped,omitempty"`
	Writes    int           `json:"writes,omitempty"`
	Folds     []foldMark    `json:"folds,omitempty"`
	Unknown   []bool        `json:"unknown,omitempty"`
	Fault     *faultNote    `json:"fault,omitempty"`
	At        int           `json:"at,omitempty"`
	Page      *placeMark    `json:"page,omitempty"`
	Undos     int           `json:"undos,omitempty"`
	Undone    *event.Undone `json:"undone,omitempty"`
}

type foldMark struct {
	N    int  `json:"n,omitempty"`
	Sum  int  `json:"sum,omitempty"`
	Wide kept `json:"wide,omitzero"`
	Best kept `json:"best,omitzero"`
	At   int  `json:"at,omitempty"`
}

func noteOf(f *fault) *faultNote {
	if f == nil {
		return nil
	}
	return &faultNote{f.Failure, f.status, kept{f.headers}, kept{f.body}}
}

func (n *faultNote) fault() *fault {
	if n == nil {
		return nil
	}
	return &fault{Failure: n.Failure, status: n.Status, headers: n.Headers.v, body: n.Body.v}
}

// note keeps that an item is over. The lock is held, and the tally has it. If anything became doubtful meanwhile it may be
// in a loop within the item, which is then gone through again.
func (x *iteration) note(n int, s *scope, values []any, f *fault, skipped bool) {
	b := x.notes
	if b == nil {
		if undos, err := s.book.resting(s.item); err == nil {
			x.book.put(n, undos)
		}
		return
	}
	if f != nil && (f.InDoubt || !x.loop.plan.Continue) || s.book != nil && x.run.ctx.Err() != nil { // which may have cut undos off
		return
	}
	if s.doubts != x.run.doubts.Load() {
		return
	}
	note := itemNote{Failed: noteOf(f), Skipped: skipped, Writes: int(s.writes.Load())}
	undos, err := s.book.resting(s.item)
	if undos != nil {
		note.Undos = undos.Count
	}
	if s.book != nil {
		note.Undone = s.undone.report()
	}
	var data []byte
	if err == nil {
		data, err = appendNote(note, values)
	}
	if err == nil {
		err = x.book.put(n, undos)
	}
	if err != nil { // something that cannot be kept: the item is gone through again
		return
	}
	due := b.Item(n, data, undos != nil)
	b.over.add(n)
	b.count(n, f, &note)
	for i, a := range x.loop.aggregates[:len(values)] {
		if a.fold != "list" {
			b.folds[i].add(a.fold, n, values[i]) // which was possible before
		}
	}
	if due {
		x.mark()
	}
}

// appendNote writes a note with what the item gives to the aggregates.
func appendNote(n itemNote, values []any) (data []byte, err error) {
	if n.Failed != nil || len(values) == 0 || n.Undone != nil {
		return marshalNote(n, values)
	}
	data = append(make([]byte, 0, 64), `{"v":`...)
	for i, v := range values {
		data = append(data, "[,"[min(i, 1)])
		if data, err = types.AppendJSON(data, plainOf(v)); err != nil {
			return nil, err
		}
	}
	data = append(data, ']')
	if n.Writes > 0 {
		data = strconv.AppendInt(append(data, `,"w":`...), int64(n.Writes), 10)
	}
	if n.Undos > 0 {
		data = strconv.AppendInt(append(data, `,"u":`...), int64(n.Undos), 10)
	}
	return append(data, '}'), nil
}

func marshalNote(n itemNote, values []any) ([]byte, error) {
	for _, v := range values {
		n.Values = append(n.Values, kept{v})
	}
	return json.Marshal(&n)
}

// count adds an item that is over.
func (b *notebook) count(n int, f *fault, note *itemNote) {
	b.undos += note.Undos
	b.writes += note.Writes
	b.undone.add(note.Undone)
	switch {
	case note.Skipped:
		b.skipped++
	case f == nil:
		b.succeeded++
	default:
		b.failed++
		if b.fault == nil || n < b.at {
			b.fault, b.at = f, n
		}
	}
}

func (x *iteration) mark() {
	b := x.notes
	m := loopMark{Below: b.over.below, Beyond: b.over.beyond, Undos: b.undos, Undone: b.undone.report(), Succeeded: b.succeeded, Failed: b.failed, Skipped: b.skipped, Writes: b.writes, Unknown: x.unknown, Fault: noteOf(b.fault), At: b.at}
	for i := range b.folds {
		f := &b.folds[i]
		m.Folds = append(m.Folds, foldMark{f.n, f.sum, kept{f.wide}, kept{f.best}, f.at})
	}
	for len(b.pages) > 1 && b.pages[1].First <= b.over.below {
		b.pages = b.pages[1:]
	}
	before := 0
	if len(b.pages) > 0 {
		m.Page = b.pages[0]
		before = m.Page.Page + 1
	}
	data, err := json.Marshal(m)
	if err == nil {
		b.Mark(data, b.read, before)
	}
}

// recall brings the loop to where it was.
func (x *iteration) recall() *fault {
	if x.notes == nil {
		return nil
	}
	err := x.notes.Recall(x.recallMark, x.recallItem)
	x.stop = x.loop.plan.MaxErrors > 0 && x.failing > x.loop.plan.MaxErrors
	if err != nil {
		return x.s.fail(event.Internal, x.op.plan.Range, "what was noted of the loop cannot be read: %s", err)
	}
	return nil
}

func (x *iteration) recallMark(data []byte) error {
	var m loopMark
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if len(m.Folds) != len(x.folds) || len(m.Unknown) != len(x.unknown) {
		return fmt.Errorf("it is of a loop with %d aggregates, and this one has %d", len(m.Folds), len(x.folds))
	}
	x.succeeded, x.failed, x.failing, x.skipped = m.Succeeded, m.Failed, m.Failed, m.Skipped
	x.count = m.Succeeded + m.Failed + m.Skipped
	x.fault, x.at, x.unknown = m.Fault.fault(), m.At, m.Unknown
	b := x.notes
	b.succeeded, b.failed, b.skipped, b.fault, b.at = m.Succeeded, m.Failed, m.Skipped, x.fault, x.at
	for i, f := range m.Folds {
		x.folds[i] = fold{n: f.N, sum: f.Sum, best: f.Best.v, at: f.At}
		if n, ok := f.Wide.v.(types.Num); ok {
			x.folds[i].wide = n
		} else if n, ok := types.NumOf(f.Wide.v); ok {
			x.folds[i].wide = n
		}
		b.folds[i] = x.folds[i]
	}
	b.over.below = m.Below
	if m.Page != nil {
		x.notes.pages = []*placeMark{m.Page}
	}
	for _, stretch := range m.Beyond {
		b.over.addAll(stretch[0], stretch[1])
	}
	b.undos, b.writes = m.Undos, m.Writes
	x.s.wrote(m.Writes)
	b.undone.add(m.Undone)
	x.book.recall(m.Undos)
	if x.book != nil {
		x.s.undone.add(m.Undone)
	}
	return nil
}

func (x *iteration) recallItem(n int, data []byte) (undos bool, err error) {
	var note itemNote
	if err := json.Unmarshal(data, &note); err != nil {
		return false, err
	}
	undos = note.Undos > 0
	if x.notes.over.has(n) {
		return undos, x.recallListed(n, &note) // the mark knows all else of it
	}
	x.notes.over.add(n)
	x.notes.count(n, note.Failed.fault(), &note)
	x.s.wrote(note.Writes)
	x.book.recall(note.Undos)
	if x.book != nil {
		x.s.undone.add(note.Undone)
	}
	x.count++
	switch {
	case note.Skipped:
		x.skipped++
	case note.Failed != nil:
		x.failed++
		x.failing++
		if x.fault == nil || n < x.at {
			x.fault, x.at = note.Failed.fault(), n
		}
	default:
		x.succeeded++
		err = x.refold(n, &note, func(*aggregate) bool { return true })
	}
	return undos, err
}

// recallListed puts an item's values into the lists, if it succeeded.
func (x *iteration) recallListed(n int, note *itemNote) error {
	if note.Skipped || note.Failed != nil {
		return nil
	}
	return x.refold(n, note, func(a *aggregate) bool { return a.fold == "list" })
}

// refold adds an item's values to some aggregates.
func (x *iteration) refold(n int, note *itemNote, which func(*aggregate) bool) error {
	if len(note.Values) != len(x.folds) {
		return fmt.Errorf("it is of a loop with %d aggregates, and this one has %d", len(note.Values), len(x.folds))
	}
	for i, a := range x.loop.aggregates {
		if !which(a) {
			continue
		}
		if err := x.folds[i].add(a.fold, n, note.Values[i].v); err != nil {
			return err
		}
		if a.fold != "list" {
			x.notes.folds[i].add(a.fold, n, note.Values[i].v)
		}
	}
	return nil
}
