// Package crash kills runs, and holds what is left of them to what was promised: a process that carries out an
// integration of reads, idempotent writes, writes that can be found again, writes that cannot, undos, inner integrations,
// locks, waits, polls and an alarm is killed (SIGKILL) at random instants and at every write to its journal and its slate, interrupted or
// canceled now and then, its slate lost, as in a power cut, and started again, until the run ends. The server that it talks to counts effects. All of it
// is in tests:
//
//	go test ./runtime/engine/crash                        a few hundred kills
//	go test ./runtime/engine/crash -timeout 0 -kills 10000
//
// A process lives for a number of requests or of writes to the journal, not for a time, so that a busy machine is
// tested as thoroughly as an idle one.
package crash
