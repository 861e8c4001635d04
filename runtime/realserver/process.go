package realserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// startup bounds how long a server may take to answer; a busy machine takes seconds, an idle one tenths.
const startup = 60 * time.Second

// process is a server under test and what it printed.
type process struct {
	name  string
	lines chan string // what it prints, line by line, until found is closed
	found chan struct{}
	ended chan struct{}
	err   error // how it ended; valid once ended is closed

	mu  sync.Mutex
	log []string // the last lines
}

// start runs a program until the test ends.
func start(t testing.TB, name, program string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatalf("%s does not start: %v", name, err)
	}
	p := &process{name: name, lines: make(chan string), found: make(chan struct{}), ended: make(chan struct{})}
	go p.read(r)
	go func() {
		p.err = cmd.Wait()
		w.Close()
		close(p.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// read keeps the last lines, and offers each to whoever waits for one.
func (p *process) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.log = p.log[max(0, len(p.log)-40):]
		p.mu.Unlock()
		select {
		case p.lines <- lines.Text():
		case <-p.found:
		}
	}
	io.Copy(io.Discard, r) // a line longer than the scanner takes
}

// output is what the server printed last, for messages.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// address waits for the line in which the server names the address it listens on.
func (p *process) address(t testing.TB, find func(line string) (address string, ok bool)) string {
	t.Helper()
	defer close(p.found)
	late := time.After(startup)
	for {
		select {
		case line := <-p.lines:
			if a, ok := find(line); ok {
				return a
			}
		case <-p.ended:
			t.Fatalf("%s ended (%v) before it listened:\n%s", p.name, p.err, p.output())
		case <-late:
			t.Fatalf("%s does not listen after %s:\n%s", p.name, startup, p.output())
		}
	}
}

// answers waits until a GET of url is answered with 200.
func (p *process) answers(t testing.TB, url string, header http.Header) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(startup)
	for {
		err := probe(url, header)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("%s ended (%v) before it answered:\n%s", p.name, p.err, p.output())
		case <-late:
			t.Fatalf("%s does not answer after %s (%v):\n%s", p.name, startup, err, p.output())
		}
	}
}

func probe(url string, header http.Header) error {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return err
	}
	req.Header = header
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}

// installed finds a program, or fails the test and says which package has it.
func installed(t testing.TB, program, debian string, paths ...string) string {
	t.Helper()
	for _, name := range append([]string{program}, paths...) {
		if path, err := exec.LookPath(name); err == nil {
			return path
		} else if !errors.Is(err, exec.ErrNotFound) && !strings.Contains(err.Error(), "no such file") {
			t.Fatalf("%s: %v", name, err)
		}
	}
	t.Fatalf("%s is not installed; on Debian: apt-get install %s", program, debian)
	return ""
}

// freePorts gives ports of the loopback interface that nobody listens on.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
