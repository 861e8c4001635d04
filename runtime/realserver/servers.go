package realserver

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// StripeMock starts stripe-mock, Stripe's own mock of its API: it checks every request strictly
// against the specification of [StripeSpec], remembers nothing, and takes any key that begins with
// sk_test_ as a bearer token. It is a tool of this module, so that only the Go command is needed; the
// first use compiles it, which takes about a minute. What it answers with comes from its own fixtures,
// or from a file given. It returns the server's URL.
func StripeMock(t testing.TB, fixtures ...string) (url string) {
	t.Helper()
	// It would take port 12112 for HTTPS, which only one can have.
	args := []string{"-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"}
	for _, path := range fixtures {
		args = append(args, "-fixtures", path)
	}
	p := start(t, "stripe-mock", goCommand(t, "tool", "-n", "stripe-mock"), args...)
	address := p.address(t, func(line string) (string, bool) {
		_, a, ok := strings.Cut(line, "Listening for HTTP at address: ")
		return a, ok
	})
	return "http://" + address
}

// StripeSpec is the path of Stripe's OpenAPI 3.0 document (8 MB, MIT licence) in the module of
// stripe-mock: the one that [StripeMock] checks requests against.
func StripeSpec(t testing.TB) (path string) {
	t.Helper()
	dir := goCommand(t, "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/stripe-mock")
	if dir == "" {
		goCommand(t, "mod", "download", "github.com/stripe/stripe-mock")
		dir = goCommand(t, "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/stripe-mock")
	}
	return filepath.Join(dir, "embedded", "openapi", "spec3.json")
}

// goCommand runs the Go command in the module of the test and returns what it prints.
func goCommand(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, problems.String())
	}
	return strings.TrimSpace(string(out))
}

// Alertmanager starts Prometheus Alertmanager, which receives and keeps alerts and notifies nobody. It
// returns the server's URL; the API is below /api/v2.
func Alertmanager(t testing.TB) (url string) {
	t.Helper()
	program := installed(t, "prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
	dir := t.TempDir()
	config := write(t, dir, "alertmanager.yml", "route:\n  receiver: none\nreceivers:\n- name: none\n")
	p := start(t, "Alertmanager", program, "--config.file="+config, "--storage.path="+dir,
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	url = "http://" + p.address(t, func(line string) (string, bool) {
		_, a, ok := strings.Cut(line, `msg="Listening on" address=`)
		return a, ok
	})
	p.answers(t, url+"/-/ready", nil)
	return url
}

// PowerDNSKey is the API key of servers that [PowerDNS] starts.
const PowerDNSKey = "a-key-for-tests"

// PowerDNS starts a PowerDNS authoritative server with an empty database. It returns the server's URL;
// the API is below /api/v1, its Swagger 2.0 document at /api/docs, and both want [PowerDNSKey] in the
// header X-API-Key.
func PowerDNS(t testing.TB) (url string) {
	t.Helper()
	program := installed(t, "pdns_server", "pdns-server pdns-backend-sqlite3", "/usr/sbin/pdns_server")
	dir := t.TempDir()
	write(t, dir, "pdns.conf", "")
	ports := freePorts(t, 2)
	p := start(t, "PowerDNS", program, "--config-dir="+dir, "--socket-dir="+dir, "--daemon=no", "--guardian=no",
		"--launch=gsqlite3", "--gsqlite3-database="+powerDNSDatabase(t, dir), "--zone-cache-refresh-interval=0",
		"--local-address=127.0.0.1", fmt.Sprintf("--local-port=%d", ports[0]), "--security-poll-suffix=",
		"--webserver=yes", "--api=yes", "--api-key="+PowerDNSKey, "--webserver-address=127.0.0.1", fmt.Sprintf("--webserver-port=%d", ports[1]))
	close(p.found)
	url = fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	p.answers(t, url+"/api/v1/servers/localhost", http.Header{"X-Api-Key": {PowerDNSKey}})
	return url
}

// powerDNSDatabase makes an empty database with the schema that the Debian package brings.
func powerDNSDatabase(t testing.TB, dir string) string {
	t.Helper()
	schema, err := os.Open("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
	if err != nil {
		t.Fatalf("PowerDNS lacks its SQLite backend; on Debian: apt-get install pdns-backend-sqlite3 (%v)", err)
	}
	defer schema.Close()
	path := filepath.Join(dir, "pdns.sqlite3")
	cmd := exec.Command(installed(t, "sqlite3", "sqlite3"), path)
	cmd.Stdin = schema
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sqlite3: %v\n%s", err, out)
	}
	return path
}

func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
