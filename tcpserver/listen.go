package tcpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// Accepting waits this long after a passing error such as a lack of
// descriptors, twice as long after the next.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// A run is one listener, or one adopted connection, with the options it was
// started with.
type run struct {
	core     *Core
	options  Options
	listener net.Listener // nil for an adopted connection

	cert    atomic.Pointer[tls.Certificate]
	trusted atomic.Pointer[[]*x509.Certificate]

	crew *crew

	inherited sockets // options that accepted sockets have from the listening one

	drain   <-chan struct{} // closed by ShutdownContext
	stopped chan struct{}   // closed under core.mu: no connection of this run may begin
	over    chan error      // of an adopted connection: gets how it ended
}

// stop lets no further connection of this run begin. The listener is closed
// without a lock, for it may be the user's.
func (r *run) stop() {
	if r.retire() && r.listener != nil {
		_ = r.listener.Close() // there is nothing to do about it
	}
}

// retire takes the run out of the core's books; false when it was out already.
func (r *run) retire() bool {
	core := r.core
	core.mu.Lock()
	defer core.mu.Unlock()
	if r.isStopped() {
		return false
	}
	close(r.stopped)
	delete(core.runs, r)
	if core.main == r {
		core.main = nil
		core.store.Freeze(false)
	}
	core.settle()
	if r.options.Push != nil {
		core.lot.Close()
	}
	return true
}

func (r *run) isStopped() bool {
	select {
	case <-r.stopped:
		return true
	default:
		return false
	}
}

// StartListening opens the port and returns; connections are served in the
// background. Code 104: it listens already; 10048: the port is taken; 10049:
// LocalHost is not an address of this machine; 282: UseSSL without a
// certificate.
func (core *Core) StartListening(o Options) error {
	if r := core.listening(); r != nil {
		return r.inTheWay()
	}
	if err := o.check(); err != nil {
		return err
	}
	l, err := core.listen(o)
	if err != nil {
		return trap.Wrap(listenCode(err), err, "listening on "+net.JoinHostPort(o.LocalHost, strconv.Itoa(o.LocalPort)))
	}
	r, err := core.newRun(o, l)
	if err != nil {
		l.Close()
		return err
	}
	r.inherited = core.store.Load().sockets
	if other := core.enthrone(r); other != r {
		l.Close()
		r.discard()
		return other.inTheWay()
	}
	if o.Logger != nil {
		o.Logger.Info("listening", "address", l.Addr().String(), "tls", o.UseSSL)
	}
	go r.accept()
	return nil
}

// enthrone adds the run as that of StartListening unless another was faster;
// it returns which one it is then.
func (core *Core) enthrone(r *run) *run {
	core.mu.Lock()
	defer core.mu.Unlock()
	if core.main == nil {
		core.main = r
		core.begin(r)
		core.store.Freeze(true)
	}
	return core.main
}

func (core *Core) add(r *run) {
	core.mu.Lock()
	defer core.mu.Unlock()
	core.begin(r)
}

func (r *run) inTheWay() error {
	return trap.New(trap.CodeAlreadyListening, "already listening on %v: call StopListening first", r.listener.Addr())
}

// listenCode is the code of an error of listening: that LocalHost is of another
// family than UseIPv6 is for Go no error of the system.
func listenCode(err error) int {
	var unsuitable *net.AddrError
	if errors.As(err, &unsuitable) {
		return trap.CodeNoAddress
	}
	return trap.Code(err)
}

func (core *Core) listen(o Options) (net.Listener, error) {
	v := core.store.Load()
	config := net.ListenConfig{
		KeepAlive: -1, // each connection gets it as the settings say
		Control:   controlListener(v.bindExclusively),
	}
	address := net.JoinHostPort(o.LocalHost, strconv.Itoa(o.LocalPort))
	network := [...]string{familyIPv4: "tcp4", familyIPv6: "tcp6", familyBoth: "tcp"}[v.family]
	l, err := config.Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	if o.Push == nil {
		return l, setBacklog(l.(*net.TCPListener), o.ConnectionBacklog)
	}
	return core.parkListener(l.(*net.TCPListener), o)
}

// parkListener makes a listener one whose connections are only good to be
// parked, where there is such a thing.
func (core *Core) parkListener(l *net.TCPListener, o Options) (net.Listener, error) {
	err := cmp.Or(setBacklog(l, o.ConnectionBacklog), core.store.Load().sockets.bequeath(l))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return core.lot.Listen(l)
}

// Serve serves connections that l accepts, and returns when l is closed, which
// Shutdown and StopListening do too: nil then.
func (core *Core) Serve(l net.Listener, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	r, err := core.newRun(o, l)
	if err != nil {
		return err
	}
	core.add(r)
	return r.accept()
}

// ServeConn serves one connection that somebody else has made, and returns
// when it has ended: with nil after a normal end. The lists of clients and
// MaxConnections apply to it too.
func (core *Core) ServeConn(nc net.Conn, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	r, err := core.newRun(o, nil)
	if err != nil {
		return err
	}
	core.add(r)
	defer r.stop()
	if !core.conns.enter(core.store.Load().maxConnections) {
		nc.Close()
		return trap.New(trap.CodeTryAgain, "%v: there are MaxConnections connections already", nc.RemoteAddr())
	}
	r.over = make(chan error, 1)
	r.handle(nc)
	return <-r.over
}

// newRun makes a run, ready for its first handshake.
func (core *Core) newRun(o Options, l net.Listener) (*run, error) {
	r := &run{core: core, options: o, listener: l, drain: core.draining(), stopped: make(chan struct{})}
	if o.SSLCert != nil {
		pair, err := keyPair(o.SSLCert)
		if err != nil {
			return nil, err
		}
		r.cert.Store(pair)
	}
	trusted := roots(o.TrustedCerts)
	r.trusted.Store(&trusted)
	if o.UseSSL {
		if _, err := core.prepareTLS(); err != nil {
			return nil, err
		}
	}
	if o.Push != nil {
		if err := core.lot.Open(); err != nil {
			return nil, trap.Wrap(trap.Code(err), err, "preparing to watch connections")
		}
	}
	return r, nil
}

// discard gives back what a run needs that never began.
func (r *run) discard() {
	if r.options.Push != nil {
		r.core.lot.Close()
	}
}

// accept serves connections until the listener is closed.
func (r *run) accept() error {
	defer r.stop()
	pause := firstPause
	for {
		nc, err := r.listener.Accept()
		switch {
		case err == nil:
			pause = firstPause
			if r.core.conns.enter(r.core.store.Load().maxConnections) {
				r.begin(nc)
			} else {
				nc.Close()
			}
		case errors.Is(err, net.ErrClosed), r.isStopped():
			return nil
		case !passing(err):
			r.report(nil, trap.Wrap(trap.Code(err), err, "accepting connections"))
			return err
		default:
			r.report(nil, trap.Wrap(trap.Code(err), err, "accepting connections, trying again"))
			time.Sleep(pause)
			pause = min(2*pause, longestPause)
		}
	}
}

// begin has an accepted connection handled. That of a stream protocol gets the
// goroutine that it will own.
func (r *run) begin(nc net.Conn) {
	if r.options.Push != nil && !r.options.UseSSL {
		r.crew.take(arrival{r, nc})
		return
	}
	go r.handle(nc)
}

// An arrival is a connection that has been accepted.
type arrival struct {
	run *run
	nc  net.Conn
}

func (a arrival) work() { a.run.handle(a.nc) }

// passing reports whether accepting may succeed later: the system lacked
// something, or the client went away before it was accepted.
func passing(err error) bool {
	if errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) {
		return true
	}
	// Errors of the system know, on each system, whether they pass.
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}
