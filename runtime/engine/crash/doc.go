// Package crash kills runs, and holds what is left of them to what was promised: a process that carries out an
// integration of reads, idempotent writes, writes that can be found again, writes that cannot, and undos, is killed
// (SIGKILL) at random instants and at every write to its journal, and started again, until the run ends. The server that
// it talks to counts effects. All of it is in tests:
//
//	go test ./runtime/engine/crash                        a few hundred kills
//	go test ./runtime/engine/crash -timeout 0 -kills 10000
package crash
