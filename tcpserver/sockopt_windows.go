package tcpserver

import (
	"cmp"
	"net"
	"syscall"
)

// soExclusiveAddrUse is SO_EXCLUSIVEADDRUSE of winsock2.h, ~SO_REUSEADDR.
const soExclusiveAddrUse = ^syscall.SO_REUSEADDR

// controlListener prepares a listening socket: on Windows a port can be stolen
// unless it is bound exclusively.
func controlListener(exclusive bool) func(network, address string, rc syscall.RawConn) error {
	return func(_, _ string, rc syscall.RawConn) error {
		option := soExclusiveAddrUse
		if !exclusive {
			option = syscall.SO_REUSEADDR
		}
		var serr error
		err := rc.Control(func(fd uintptr) {
			serr = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, option, 1)
		})
		return cmp.Or(err, serr)
	}
}

// setBacklog leaves the accept queue alone: Windows keeps the length of the
// first listen, which Go makes as long as it can be.
func setBacklog(*net.TCPListener, int) error { return nil }
