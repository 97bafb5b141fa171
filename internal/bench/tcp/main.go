// Tcp measures tcpserver against its peers, each server in a process of its own:
//
//	go run ./tcp [-quick] [-only echo,latency,memory,accept] [-kinds ...] [-sizes ...] [-conns ...]
//
// It writes Markdown tables to standard output: medians over rounds in which
// the kinds take turns, and ratios to the bare loop. Everything happens on the
// loopback interface. It needs Linux for memory; the other figures it measures
// everywhere.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/ediport/ediport/internal/bench/measure"
)

func main() {
	serve := flag.String("serve", "", "be the server of that `kind`, for a parent process")
	listen := flag.String("listen", "127.0.0.1:0", "`address` that the server listens on, with -serve")
	p := planFlags(flag.CommandLine)
	flag.Parse()
	var err error
	switch {
	case flag.NArg() > 0:
		err = fmt.Errorf("unknown argument %q", flag.Arg(0))
	case *serve != "":
		err = child(*serve, *listen)
	default:
		err = run(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tcp:", err)
		os.Exit(1)
	}
}

// child is the server's process; it ends when the parent says so or is gone.
func child(name, listen string) error {
	// Ctrl-C goes to the parent's children too; the parent ends them in order.
	signal.Ignore(os.Interrupt)
	k, known := kinds[name]
	if !known {
		return fmt.Errorf("unknown kind %q", name)
	}
	addr, err := k.serve(listen)
	if err != nil {
		return err
	}
	return measure.Answer(addr, os.Stdin, os.Stdout)
}

// run measures what the plan says and writes each table when it is complete.
func run(p *plan) error {
	if err := p.complete(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit, fmt.Errorf("not done after %v", p.limit))
	defer cancel()

	fmt.Printf("# tcpserver and its peers\n\n%s, %s/%s, GOMAXPROCS %d; %d rounds of %v\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), p.rounds, p.slice)
	sheets := map[string]*measure.Sheet{}
	for _, part := range parts {
		if !p.only.has(part.name) {
			continue
		}
		sheet, err := part.measure(ctx, p)
		if cause := context.Cause(ctx); cause != nil {
			err = cause // what broke when everything was closed says nothing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		sheets[part.name] = sheet
		if err := sheet.Write(os.Stdout); err != nil {
			return err
		}
	}
	return writeAims(os.Stdout, sheets)
}
