package park

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// A Lot watches parked connections. It has neither goroutines nor descriptors
// while it is not open and nothing is parked in it. Its methods may be called
// by any goroutine.
type Lot struct {
	mu    sync.Mutex
	opens int    // calls of Open and parked descriptors
	watch *watch // the system's means to watch descriptors, while opens > 0

	portable bool // use no watch: tests run both implementations on one system
}

// NewLot returns a lot that is not open.
func NewLot() *Lot { return new(Lot) }

// Open starts what watches the connections, if it is the first; every Open
// needs its Close. A lot that is not open opens itself for each connection that
// is parked, so Open is for servers that want errors early and no restarts.
func (l *Lot) Open() error {
	_, err := l.open()
	return err
}

func (l *Lot) open() (*watch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opens == 0 {
		w, err := startWatch(l)
		if err != nil {
			return nil, err
		}
		l.watch = w
	}
	l.opens++
	return l.watch, nil
}

// Close takes one Open back. Connections that are parked keep the lot running
// until they are closed. It does not wait for the watchers to end.
func (l *Lot) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opens == 0 {
		return
	}
	if l.opens--; l.opens == 0 {
		l.watch.stop()
		l.watch = nil
	}
}

// Park takes nc over: its caller must not use nc again, and tells the owner from
// now on. Options of the socket are to be set before. On an error nc is
// untouched and remains the caller's.
//
// Only net's own connections are watched by their descriptor: a wrapper may
// promote their SyscallConn and still have octets of its own.
func (l *Lot) Park(nc net.Conn, owner Owner) (Conn, error) {
	if !l.portable {
		c, err := l.parkDescriptor(nc, owner)
		if !errors.Is(err, errors.ErrUnsupported) && !lacking(err) {
			return c, err
		}
	}
	return newTwin(nc, owner), nil
}

// lacking reports whether there was no descriptor left for a duplicate: then nc
// goes on with the one that it has.
func lacking(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
