package measure

import (
	"net"
	"syscall"
)

// bindAddressNoPort is IP_BIND_ADDRESS_NO_PORT, see ip(7): bind(2) takes the
// address only, and connect(2) chooses a port that is free for that peer. A
// port chosen by bind has to be free for all.
const bindAddressNoPort = 24

// sourced dials from a loopback address: Linux has all of 127.0.0.0/8. So the
// server needs to listen on 127.0.0.1 only.
func sourced(n uint32) net.Dialer {
	return net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+n))},
		Control: func(_, _ string, raw syscall.RawConn) (err error) {
			if failed := raw.Control(func(fd uintptr) {
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, bindAddressNoPort, 1)
			}); failed != nil {
				return failed
			}
			return err
		},
	}
}
