// Oftpclient sends files to a partner's OFTP server, receives what the server
// has, and waits for the receipts. It is made for scripts: the exit code says
// whether everything has arrived.
//
//	oftpclient -connect partner:3305 -ssid O0055ME -password SECRET \
//		-server-ssid O0055PARTNER -send delfor.edi -receive inbox
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK         = iota
	exitUnfinished // a file was refused, or its receipt has not come
	exitUsage
	exitSession // the connection or the session failed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; the end of ctx breaks the session off.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "oftpclient:", err)
		return exitUsage
	}
	s := newSession(o, stdout, stderr)
	if err := s.configure(); err != nil {
		fmt.Fprintln(stderr, "oftpclient:", err)
		return exitUsage
	}
	err = s.exchange(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "oftpclient:", err)
	}
	return s.verdict(err)
}
