// Command tenon checks, plans and runs API integrations that are written in HCL against OpenAPI
// documents.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from the second signal on the process ends at once
	os.Exit(run(ctx, process()))
}
