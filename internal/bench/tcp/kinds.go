package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ediport/ediport/internal/bench/measure"
)

// A kind is a way to write an echo server. serve begins to listen and returns
// the address; the server then runs until its process ends.
type kind struct {
	serve func(listen string) (addr string, err error)
	tls   bool
}

var kinds = map[string]kind{
	"bare":        {serve: serveBare},
	"gnet":        {serve: serveGnet},
	"ediport":     {serve: serveEdiport},
	"bare-tls":    {serve: serveBareTLS, tls: true},
	"ediport-tls": {serve: serveEdiportTLS, tls: true},
}

// order is the order of the kinds in rounds and tables.
var order = words{"bare", "gnet", "ediport", "bare-tls", "ediport-tls"}

// base is the kind that a kind is compared with.
func base(name string) string {
	if strings.HasSuffix(name, "-tls") {
		return "bare-tls"
	}
	return "bare"
}

// A peer is a server of some kind in its process, with the way to it.
type peer struct {
	*measure.Child
	*measure.Dialer
	kind string
}

// begin starts a server of that kind.
func begin(ctx context.Context, name string) (*peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c, err := measure.Start(ctx, self, "-serve", name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d := &measure.Dialer{Addr: c.Addr}
	if kinds[name].tls {
		d.Open = measure.OpenTLS
	}
	return &peer{c, d, name}, nil
}

// inTurns calls do with one server of each kind in turn, round after round. The
// servers live through all rounds of one call.
func (p *plan) inTurns(ctx context.Context, rounds int, do func(*peer) error) (err error) {
	var peers []*peer
	defer func() {
		for _, s := range peers {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, name := range p.kinds {
		s, err := begin(ctx, name)
		if err != nil {
			return err
		}
		peers = append(peers, s)
	}
	for range rounds {
		for _, s := range peers {
			if err := do(s); err != nil {
				return fmt.Errorf("%s: %w", s.kind, err)
			}
		}
	}
	return nil
}

// newSheet is a sheet that compares the kinds with their bases.
func newSheet(title string, columns ...measure.Column) *measure.Sheet {
	return &measure.Sheet{Title: title, Columns: columns, Base: base}
}
