package park

import (
	"net"
	"syscall"
)

// descriptor returns access to the descriptor of nc, nil if nc is not one of
// net's own stream connections.
func descriptor(nc net.Conn) syscall.RawConn {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		sc = nc
	default:
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
