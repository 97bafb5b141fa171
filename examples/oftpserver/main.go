// Oftpserver is an OFTP server for an EDI gateway: it receives files of known
// partners into a folder, and sends them what is queued for them.
//
//	oftpserver -listen :3305 -ssid O0055ME -password SECRET \
//		-partner O0055PARTNER:THEIRPWD -download inbox
//
// It prints "listening HOST:PORT" for each port when it is ready, and one line
// for each event of interest to stderr. SIGTERM or an interrupt lets running
// transfers finish; a second one breaks them off.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ediport/ediport/oftp"
)

// Exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// signals are what asks the server to end.
var signals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func main() {
	ctx, _ := signal.NotifyContext(context.Background(), signals...)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; the end of ctx is the first signal.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "oftpserver:", err)
		return exitUsage
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	srv, err := newServer(o, log, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "oftpserver:", err)
		return exitUsage
	}
	if err := serve(ctx, srv, o, log, stdout); err != nil {
		log.Error("the server has ended", "error", err)
		return exitFailed
	}
	return exitOK
}

// serve serves all ports until ctx ends, and then lets what is under way finish.
// It is one server that serves them all, so that a partner's receipts find it
// whichever port it comes to.
func serve(ctx context.Context, srv *oftp.Server, o options, log *slog.Logger, stdout io.Writer) error {
	ports := []struct {
		address string
		serve   func(net.Listener) error
	}{
		{o.listen, srv.Serve},
		{o.tlsListen, srv.ServeTLS},
	}
	ended := make(chan error, len(ports))
	defer srv.Shutdown()
	for _, port := range ports {
		if port.address == "" {
			continue
		}
		l, err := net.Listen("tcp", port.address)
		if err != nil {
			return err
		}
		defer l.Close()
		go func() { ended <- port.serve(l) }()
		fmt.Fprintln(stdout, "listening", l.Addr())
	}
	select {
	case err := <-ended: // nothing but an error ends it before ctx does
		return err
	case <-ctx.Done():
		return finish(srv, o.grace, log)
	}
}

// finish ends the server in an orderly way, within the grace period and unless
// there is a second signal.
func finish(srv *oftp.Server, grace time.Duration, log *slog.Logger) error {
	limit, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	limit, stop := signal.NotifyContext(limit, signals...)
	defer stop()
	log.Info("shutting down: running transfers may finish", "limit", grace)
	if err := srv.ShutdownContext(limit); err != nil {
		return fmt.Errorf("transfers were broken off: %w", err)
	}
	return nil
}
