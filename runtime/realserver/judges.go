package realserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Prism starts Prism (npm) as the validating mock of an OpenAPI document of version 2.0, 3.0 or 3.1. It refuses what the document
// forbids with a body of type application/problem+json, and answers from the document's examples. It returns the server's URL.
func Prism(t testing.TB, document []byte) (url string) {
	t.Helper()
	dir := npmInstall(t, "prism")
	path := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(path, document, 0o644); err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(freePorts(t, 1)[0])
	p := start(t, "Prism", installed(t, "node", "nodejs npm"), filepath.Join(dir, "node_modules", "@stoplight", "prism-cli", "dist", "index.js"),
		"mock", "--host", "127.0.0.1", "--port", port, path)
	return "http://" + p.address(t, func(line string) (string, bool) {
		_, address, ok := strings.Cut(line, "Prism is listening on http://")
		return strings.TrimSpace(address), ok
	})
}

// WireMock starts WireMock (npm, runs on Java), which answers as it is told at /__admin/mappings, also with broken connections.
// It returns the server's URL.
func WireMock(t testing.TB) (url string) {
	t.Helper()
	dir := npmInstall(t, "wiremock")
	jars, err := filepath.Glob(filepath.Join(dir, "node_modules", "wiremock", "build", "*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("want one jar of WireMock, have %v", jars)
	}
	port := fmt.Sprint(freePorts(t, 1)[0])
	p := start(t, "WireMock", installed(t, "java", "default-jre-headless"), "-jar", jars[0], "--port", port, "--bind-address", "127.0.0.1")
	close(p.found)
	url = "http://127.0.0.1:" + port
	p.answers(t, url+"/__admin/mappings", nil)
	return url
}
