//go:build unix

package tcpserver

import (
	"cmp"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// controlListener prepares a listening socket. Go sets SO_REUSEADDR, without
// which a server could not start again while connections of its predecessor
// linger, and with which the port is exclusive all the same; sharing it takes
// SO_REUSEPORT.
func controlListener(exclusive bool) func(network, address string, rc syscall.RawConn) error {
	return func(_, _ string, rc syscall.RawConn) error {
		if exclusive {
			return nil
		}
		var serr error
		err := rc.Control(func(fd uintptr) {
			serr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return cmp.Or(err, serr)
	}
}

// setBacklog sets the length of the accept queue; a second listen(2) does that.
func setBacklog(l *net.TCPListener, n int) error {
	if n == 0 {
		return nil
	}
	rc, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = rc.Control(func(fd uintptr) { serr = unix.Listen(int(fd), n) })
	return cmp.Or(err, serr)
}
