//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// author writes integrations.
type author struct {
	t     *rapid.T
	n     int      // names that were given
	makes []string // names of steps that make something
	racy  bool     // what is begun when something fails depends on who is quicker
	deep  int
	b     strings.Builder
}

func (a *author) name(prefix string) string {
	a.n++
	return fmt.Sprintf("%s%d", prefix, a.n)
}

func (a *author) yes(what string) bool { return rapid.Bool().Draw(a.t, what) }

func (a *author) printf(format string, args ...any) { fmt.Fprintf(&a.b, format, args...) }

// steps writes some steps. suffix is what tells the things made here from those made elsewhere by the same steps.
func (a *author) steps(suffix string, inner, only bool) {
	for range rapid.IntRange(1, 3).Draw(a.t, "steps") {
		kinds := []string{"make", "make", "look", "wait", "repeat"}
		if !only {
			kinds = append(kinds, "switch", "parallel")
		}
		if a.deep < 2 && !only {
			kinds = append(kinds, "loop", "loop", "pages")
		}
		if !inner && !only {
			kinds = append(kinds, "run")
		}
		switch kind := rapid.SampledFrom(kinds).Draw(a.t, "step"); kind {
		case "make":
			a.make(suffix)
		case "look", "repeat":
			a.printf("step %q {\n call = w.look\n params = { k = \"%s%s\" }\n", a.name("look"), "seen", suffix)
			if kind == "repeat" {
				a.printf("repeat {\n until = response.body.done\n every = \"1s\"\n}\n")
			}
			a.printf("}\n")
		case "wait":
			a.printf("step %q {\n wait = \"1s\"\n}\n", a.name("pause"))
		case "switch":
			a.printf("step \"value%d\" {\n value = (input.odd + len(\"x%s\")) %% 2\n}\n", a.n+1, suffix)
			a.printf("switch \"either%d\" {\n on = step.value%d.value\n case \"0\" {\n", a.n+1, a.n+1)
			a.n++
			a.steps(suffix, true, true)
			a.printf("}\n default {\n")
			a.steps(suffix, true, true)
			a.printf("}\n}\n")
		case "parallel":
			a.racy = true
			a.printf("parallel %q {\n", a.name("both"))
			a.steps(suffix, true, true)
			a.steps(suffix, true, true)
			a.printf("}\n")
		case "run":
			a.printf("step %q {\n run = integration.inner\n inputs = { p = \"%s%s\" }\n", a.name("run"), fmt.Sprintf("in%d", a.n), suffix)
			if a.yes("caught") {
				a.printf("catch \"any\" {\n skip = true\n}\n")
			}
			a.printf("}\n")
		default:
			a.loop(kind, suffix, inner)
		}
	}
}

func (a *author) loop(kind, suffix string, inner bool) {
	v, in := a.name("x"), `["a", "b", "c", "d"]`
	if kind == "pages" {
		list := a.name("list")
		a.printf("step %q {\n call = w.list\n paginate {\n items = response.body.data\n next = response.body.next == null ? null : { page = response.body.next }\n }\n}\n", list)
		in = "step." + list + ".items"
	}
	a.printf("for_each %q {\n in = %s\n", v, in)
	concurrency := rapid.SampledFrom([]int{1, 3}).Draw(a.t, "concurrency")
	a.printf("concurrency = %d\n", concurrency)
	if a.yes("continue") {
		a.printf("on_error = \"continue\"\n")
	} else if concurrency > 1 {
		a.racy = true
	}
	if a.yes("lock") {
		a.printf("lock = \"%s${%s}%s\"\n", v, v, suffix)
	}
	a.deep++
	a.steps("-${"+v+"}"+suffix, inner, false)
	a.deep--
	a.printf("aggregate \"all\" {\n list = %s\n}\n}\n", v)
}

func (a *author) make(suffix string) {
	name := a.name("make")
	a.makes = append(a.makes, name)
	key := name + suffix
	a.printf("step %q {\n call = w.make\n params = { k = \"%s\" }\n", name, key)
	if a.yes("recover") {
		a.printf("recover {\n call = w.look\n params = { k = \"%s\" }\n found = response.body.done\n}\n", key)
	}
	if a.yes("undo") {
		how, what := "drop", key
		if a.yes("undo by making") { // which must not happen twice
			how, what = "make", "un"+key
		}
		a.printf("undo {\n call = w.%s\n params = { k = \"%s\" }\n}\n", how, what)
	}
	switch rapid.IntRange(0, 3).Draw(a.t, "catch") {
	case 0:
		a.printf("catch \"409\" {\n skip = true\n}\n")
	case 1:
		a.printf("catch \"409\" {\n body = { done = false }\n}\n")
	}
	a.printf("}\n")
}

// world is a server that refuses to make some things, and counts the others.
type world struct {
	*things
	refuses func(name string) bool
	mu      sync.Mutex
	made    map[string]int
	dropped map[string]int
	asked   map[string]int
}

func newWorld(t *testing.T, refuses func(string) bool) *world {
	s := &world{refuses: refuses, made: map[string]int{}, dropped: map[string]int{}, asked: map[string]int{}}
	s.things = newThings(t, func(r string, w http.ResponseWriter) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		method, key, _ := strings.Cut(r, " ")
		name, _, _ := strings.Cut(key, "-")
		switch {
		case method == "GET" && strings.HasPrefix(key, "/list"):
			return false // as below
		case method == "GET" && strings.HasPrefix(key, "seen"):
			s.asked[key]++
			fmt.Fprintf(w, `{"done": %v}`, s.asked[key] > 1)
		case method == "GET":
			fmt.Fprintf(w, `{"done": %v}`, s.made[key] > 0)
		case method == "POST" && s.refuses(name[strings.LastIndexByte(name, '.')+1:]):
			w.WriteHeader(409)
		case method == "POST":
			s.made[key]++
			fmt.Fprint(w, `{"done": true}`)
		default:
			s.dropped[key] = 1 // however often it is sent
			w.WriteHeader(204)
		}
		return true
	})
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list" {
			w.Header().Set("Content-Type", "application/json")
			switch r.URL.Query().Get("page") {
			case "":
				fmt.Fprint(w, `{"data": ["a", "b"], "next": 2}`)
			case "2":
				fmt.Fprint(w, `{"data": ["c"], "next": 3}`)
			default:
				fmt.Fprint(w, `{"data": ["d", "e"], "next": null}`)
			}
			return
		}
		inner.ServeHTTP(w, r)
	})
	return s
}

const listing = `
api "w" {
  server     = "http://w.invalid"
  on_unknown = "stop"
  operation "list" {
    request  = "GET /list"
    params   = { page = optional(integer) }
    response = object({ data = list(string), next = nullable(integer) })
  }
`

// ending is how a run ended, as far as a repetition must come to the same.
type ending struct {
	Status  event.Status
	Outputs map[string]any
	Error   string
	Done    []event.Done
	Undone  *event.Undone
}

func endingOf(res *exec.Result) ending {
	e := ending{Status: res.Status, Outputs: res.Outputs, Undone: res.Undone}
	for _, d := range res.Done { // how far what only reads, or is passed over, has come when something fails depends on who is quicker
		if d.State != "skipped" && !strings.HasPrefix(d.Step, "step.look") && !strings.HasPrefix(d.Step, "step.value") {
			e.Done = append(e.Done, d)
		}
	}
	if res.Error != nil {
		e.Error = fmt.Sprint(res.Error.Kind, " ", res.Error.Step, " ", res.Error.Item)
	}
	return e
}

// dying is a store of which nothing more reaches the disk after some writes.
type dying struct {
	mortal
	left atomic.Int64
	kill func()
}

func (d *dying) tick() {
	if d.left.Add(-1) == 0 {
		d.dead.Store(true)
		d.kill()
	}
}

func (d *dying) Queue(run string, changes ...store.Change) {
	d.mortal.Queue(run, changes...)
	d.tick()
}

func (d *dying) Sync(ctx context.Context, run string) error {
	err := d.mortal.Sync(ctx, run)
	d.tick()
	return err
}

// TestReplays holds of integrations that are made up: a journal of all of a run repeats it exactly, without one request; and
// a run that dies again and again comes to the same end, with nothing done twice and nothing left out.
func TestReplays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := &author{t: r}
		odd := fmt.Sprintf("input \"odd\" {\n type = integer\n default = %d\n}\n", rapid.IntRange(0, 1).Draw(r, "odd"))
		a.printf("integration \"i\" {\n%s", odd)
		a.steps("", false, false)
		a.printf("on_failure {\nstep \"alarm\" {\n call = w.make\n params = { k = \"alarm-${error.step}\" }\n}\n}\n}\n")
		a.printf("integration \"inner\" {\ninput \"p\" {\n type = string\n}\n%s", odd)
		a.deep = 1
		a.steps("-${input.p}", true, false)
		a.printf("}\n")
		bad := map[string]bool{}
		if len(a.makes) > 0 {
			for range rapid.IntRange(0, 2).Draw(r, "refused") {
				bad[rapid.SampledFrom(a.makes).Draw(r, "refuses")] = true
			}
		}
		p := compiled(t, r, a.b.String())
		refuses := func(name string) bool { return bad[name] }

		whole, first := store.NewMemory(), newWorld(t, refuses)
		defer first.Close()
		want := endingOf(undisturbed(t, r, p, whole, first.URL, true))
		repeats(t, r, p, whole, first, want)

		second := newWorld(t, refuses)
		defer second.Close()
		got := endingOf(disturbed(t, r, p, second))
		if a.racy && len(bad) > 0 {
			want.Done, got.Done, want.Undone, got.Undone, want.Error, got.Error, want.Outputs, got.Outputs = nil, nil, nil, nil, "", "", nil, nil
		} else {
			first.same(r, second)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Errorf("a run that died comes to another end (-want +got):\n%s", diff)
		}
		if r.Failed() {
			t.Logf("racy %v, refused %v\n%s\n%+v\n%q\n%q", a.racy, bad, a.b.String(), got, first.seen(), second.seen())
		}
		for key, n := range second.made {
			if n != 1 && !strings.HasPrefix(key, "alarm") {
				r.Errorf("%s was made %d times", key, n)
			}
		}
	})
}

func (s *world) same(r *rapid.T, other *world) {
	noAlarms := func(m map[string]int) map[string]int {
		m = maps.Clone(m)
		maps.DeleteFunc(m, func(key string, _ int) bool { return strings.HasPrefix(key, "alarm") })
		return m
	}
	if diff := cmp.Diff(noAlarms(s.made), noAlarms(other.made)); diff != "" {
		r.Errorf("made, without and with deaths:\n%s", diff)
	}
	if diff := cmp.Diff(s.dropped, other.dropped); diff != "" {
		r.Errorf("undone, without and with deaths:\n%s", diff)
	}
}

func compiled(t *testing.T, r *rapid.T, text string) *exec.Program {
	src := strings.Replace(thing, "api \"w\" {\n  server     = \"http://w.invalid\"\n  on_unknown = \"stop\"\n", listing, 1)
	p, err := programOf(src + text)
	if err != nil {
		r.Fatalf("%v\n%s", err, text)
	}
	return p
}

func undisturbed(t *testing.T, r *rapid.T, p *exec.Program, kept store.Store, server string, begin bool) *exec.Result {
	d := engine.NewDurable(engine.Options{Host: func(h exec.Host) exec.Host { return hasty{h} }}, engine.Keeping{Store: kept, Every: 3})
	defer d.Close()
	var res *exec.Result
	var err error
	if begin {
		res, err = d.Start(t.Context(), p, exec.Inputs{Run: "r", Servers: map[string]string{"w": server}}, "test")
	} else {
		res, _, err = d.Resume(t.Context(), "r", noSecrets)
	}
	if err != nil {
		r.Fatal(err)
	}
	return res
}

// repeats carries a run out again from its whole journal.
func repeats(t *testing.T, r *rapid.T, p *exec.Program, whole *store.Memory, s *world, want ending) {
	run, err := whole.Run(t.Context(), "r")
	if err != nil {
		r.Fatal(err)
	}
	again := store.NewMemory()
	data, err := whole.Plan(t.Context(), run.Plan)
	if err != nil {
		r.Fatal(err)
	}
	run.Status, run.Outputs, run.Error = store.Running, nil, nil
	changes := []store.Change{store.PutPlan{Digest: run.Plan, Data: func() ([]byte, error) { return data, nil }}, store.Begin{Run: *run}}
	for x, err := range whole.Records(t.Context(), "r", 0) {
		if err != nil {
			r.Fatal(err)
		}
		if x.Payload, err = whole.Payload(t.Context(), "r", x.Seq); err != nil {
			r.Fatal(err)
		}
		changes = append(changes, store.Append{Run: "r", Record: x})
	}
	if err := again.Commit(t.Context(), "r", changes...); err != nil {
		r.Fatal(err)
	}
	before := len(s.seen())
	if diff := cmp.Diff(want, endingOf(undisturbed(t, r, p, again, s.URL, false))); diff != "" {
		r.Errorf("a repetition comes to another end (-want +got):\n%s", diff)
	}
	if after := s.seen(); len(after) > before {
		r.Errorf("a repetition asked for %q", after[before:])
	}
}

// disturbed carries a run out in processes that die.
func disturbed(t *testing.T, r *rapid.T, p *exec.Program, s *world) *exec.Result {
	kept := store.NewMemory()
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		m := &dying{mortal: mortal{Store: kept}, kill: cancel}
		m.left.Store(int64(rapid.IntRange(1, 30).Draw(r, "writes")))
		d := engine.NewDurable(engine.Options{Grace: time.Second, Host: func(h exec.Host) exec.Host { return hasty{h} }}, engine.Keeping{Store: m, Every: 3})
		var res *exec.Result
		var err error
		if _, missing := kept.Run(ctx, "r"); missing != nil {
			res, err = d.Start(ctx, p, exec.Inputs{Run: "r", Servers: map[string]string{"w": s.URL}}, "test")
		} else {
			res, _, err = d.Resume(ctx, "r", noSecrets)
		}
		cancel()
		d.Close()
		if err != nil {
			continue
		}
		switch res.Status {
		case event.InDoubt:
			doubts, _ := kept.Doubts(t.Context(), "r")
			for _, x := range doubts {
				s.decide(t, r, kept, x)
			}
		case event.Canceled:
		default:
			return res
		}
	}
	r.Fatal("the run does not come to its end")
	return nil
}

func (s *world) decide(t *testing.T, r *rapid.T, kept store.Store, x store.Doubt) {
	request := string(x.Request)
	_, request, _ = strings.Cut(request, "/w/")
	key, _, _ := strings.Cut(request, `"`)
	s.mu.Lock()
	v := engine.Verdict{Happened: s.made[key] > 0}
	s.mu.Unlock()
	if v.Happened {
		v.Body = []byte(`{"done": true}`)
	}
	if err := engine.Resolve(t.Context(), kept, "r", x.Key, v, time.Now()); err != nil {
		r.Fatal(err)
	}
}
