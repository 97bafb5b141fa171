package tcpserver

import (
	"context"
	"iter"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/dispatch"
	"github.com/ediport/ediport/internal/park"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// A Core is a server without a protocol: it listens, admits, registers, guards
// and ends connections. Its methods may be called from any goroutine, also
// from handlers.
type Core struct {
	store  *settings.Store[values]
	pump   *dispatch.Pump
	lot    *park.Lot
	conns  registry
	hosts  *hostNames
	logins throttle
	born   time.Time
	tls    atomic.Pointer[tlsconf.Compiled] // nil until TLS is used

	changing sync.Mutex // one change of settings at a time

	mu      sync.Mutex        // guards all below
	runs    map[*run]struct{} // listening, or serving an adopted connection
	main    *run              // that of StartListening
	drain   chan struct{}     // closed when shutting down gently
	quiet   []chan struct{}   // closed when there is no connection
	resting chan struct{}     // closed to end the sweep and the crew; nil when there are none
	crew    *crew
}

// NewCore returns a core with the settings' defaults.
func NewCore() *Core {
	return &Core{
		store: settings.NewStore(table),
		pump:  dispatch.NewPump(),
		lot:   park.NewLot(),
		hosts: newHostNames(),
		born:  time.Now(),
		runs:  make(map[*run]struct{}),
		drain: make(chan struct{}),
	}
}

// Config reads or changes a setting: "NAME", "NAME=VALUE",
// "NAME[ConnectionID]" or "NAME[ConnectionID]=VALUE". It returns the value as
// it is then. An unknown name, a value that does not fit or a setting that can
// mean nothing here is an error, and changes nothing. Code 126: there is no
// such connection.
func (core *Core) Config(text string) (string, error) {
	st, err := settings.Parse(text)
	if err != nil {
		return "", err
	}
	if st.Indexed {
		return core.configConn(st)
	}
	if st.Assign {
		return core.change(st)
	}
	return core.store.Config(st)
}

func (core *Core) configConn(st settings.Statement) (string, error) {
	if !connTable.Has(st.Name) {
		return "", settings.Unknown(st.Name + "[" + st.Index + "]")
	}
	c, ok := core.Connection(st.Index)
	if !ok {
		return "", NoConnection(st.Index)
	}
	if st.Assign {
		if err := connTable.Set(c, st.Name, st.Value); err != nil {
			return "", err
		}
	}
	return connTable.Get(c, st.Name)
}

// change changes a setting, and what listeners have made of it.
func (core *Core) change(st settings.Statement) (string, error) {
	core.changing.Lock()
	defer core.changing.Unlock()
	before := *core.store.Load()
	value, err := core.store.Config(st)
	if err != nil {
		return "", err
	}
	after := core.store.Load()
	core.pump.Queue(!after.processIdleEvents)
	if after.tls == before.tls {
		return value, nil
	}
	if err := core.compile(); err != nil {
		core.store.Update(func(v *values) { v.tls = before.tls })
		return "", err
	}
	return value, nil
}

// NoConnection is the error for a ConnectionID that no connection has (126).
func NoConnection(id string) *Error {
	return trap.New(trap.CodeInvalidConnection, "there is no connection %q: it has ended, or never was", id)
}

// Settings calls visit for every setting of the core and its connections, for
// documentation: scope is "server" or "connection"; and "component" for those
// that only a [Server] has.
func Settings(visit func(scope, name, kind, def, access, doc string)) {
	for _, row := range table.Rows() {
		visit("server", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
	for _, row := range ownTable.Rows() {
		visit("component", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
	for _, row := range connTable.Rows() {
		visit("connection", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
}

// MaskSensitive reports whether logs must hide passwords.
func (core *Core) MaskSensitive() bool { return core.store.Load().maskSensitive }

// Connection returns the connection of that ConnectionID.
func (core *Core) Connection(id string) (*Conn, bool) { return core.conns.find(id) }

// Connections goes through the connections there are at this moment.
func (core *Core) Connections() iter.Seq[*Conn] {
	var all []*Conn
	core.conns.each(nil, func(c *Conn) { all = append(all, c) })
	return slices.Values(all)
}

// Disconnect ends a connection at once. Code 126: there is none of that id.
func (core *Core) Disconnect(id string) error {
	c, ok := core.Connection(id)
	if !ok {
		return NoConnection(id)
	}
	c.Close(nil)
	return nil
}

// DoEvents delivers the events that are queued (ProcessIdleEvents=False); with
// none it waits, at most for SelectWaitMillis.
func (core *Core) DoEvents() { core.pump.DoEvents(core.store.Load().selectWait) }

// Addr is the address that StartListening listens on, nil when it does not.
func (core *Core) Addr() net.Addr {
	if r := core.listening(); r != nil {
		return r.listener.Addr()
	}
	return nil
}

func (core *Core) listening() *run {
	core.mu.Lock()
	defer core.mu.Unlock()
	return core.main
}

// Listening reports whether StartListening is in effect.
func (core *Core) Listening() bool { return core.listening() != nil }

// StopListening closes all listeners. Connections go on.
func (core *Core) StopListening() {
	for _, r := range core.running() {
		if r.listener != nil {
			r.stop()
		}
	}
}

func (core *Core) running() []*run {
	core.mu.Lock()
	defer core.mu.Unlock()
	return slices.Collect(maps.Keys(core.runs))
}

// Shutdown closes all listeners and connections. It waits for no handler, so a
// handler may call it.
func (core *Core) Shutdown() {
	for _, r := range core.running() {
		r.stop()
	}
	core.conns.each(nil, func(c *Conn) { c.Close(nil) })
}

// ShutdownContext closes all listeners, lets what is under way finish until ctx
// ends, and breaks what is left. It returns when every connection is gone and
// its last handler has returned; with ctx's error when some had to be broken.
// In pump mode the last events may still be queued then. A handler must not
// call it.
func (core *Core) ShutdownContext(ctx context.Context) error {
	core.StopListening()
	core.mu.Lock()
	close(core.drain)
	core.drain = make(chan struct{})
	gone := make(chan struct{})
	core.quiet = append(core.quiet, gone)
	core.settle()
	core.mu.Unlock()

	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		core.Shutdown()
		<-gone
		return ctx.Err()
	}
}

// Reset is Shutdown, and puts every setting back to its default.
func (core *Core) Reset() {
	core.Shutdown()
	core.changing.Lock()
	defer core.changing.Unlock()
	core.store.Reset()
	core.store.Freeze(false)
	core.pump.Queue(false)
	core.setTLS(nil)
}

// leave tells that a connection which entered is gone.
func (core *Core) leave() {
	if core.conns.admitted.Add(-1) > 0 {
		return
	}
	core.mu.Lock()
	defer core.mu.Unlock()
	core.settle()
}

// begin starts what a core that serves needs. core.mu is held.
func (core *Core) begin(r *run) {
	core.runs[r] = struct{}{}
	if core.resting == nil {
		core.resting = make(chan struct{})
		core.crew = newCrew(core.resting)
		go core.sweep(core.resting)
	}
	r.crew = core.crew
}

// settle ends what is not needed without connections, and without runs.
// core.mu is held.
func (core *Core) settle() {
	if core.conns.admitted.Load() > 0 {
		return
	}
	for _, gone := range core.quiet {
		close(gone)
	}
	core.quiet = nil
	if len(core.runs) == 0 && core.resting != nil {
		close(core.resting)
		core.resting = nil
	}
}

func (core *Core) draining() <-chan struct{} {
	core.mu.Lock()
	defer core.mu.Unlock()
	return core.drain
}

// SetSSLCert changes the server's certificate for handshakes to come.
func (core *Core) SetSSLCert(cert *certstore.Certificate) error {
	pair, err := keyPair(cert)
	if err != nil {
		return err
	}
	core.mu.Lock()
	defer core.mu.Unlock()
	for r := range core.runs {
		r.cert.Store(pair)
	}
	return nil
}

// SetTrustedCerts changes the CAs that clients' certificates are checked
// against, besides the system's and those of SSLClientCACerts, for handshakes
// to come.
func (core *Core) SetTrustedCerts(certs []*certstore.Certificate) {
	trusted := roots(certs)
	core.mu.Lock()
	defer core.mu.Unlock()
	for r := range core.runs {
		r.trusted.Store(&trusted)
	}
}
