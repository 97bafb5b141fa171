package tcpserver

import "net"

// setSocket sets the options of an accepted socket, as the settings are now.
// Each can fail only on a socket that is gone, which the first read reports better.
func (r *run) setSocket(nc net.Conn) {
	now := r.core.store.Load().sockets
	switch socket := nc.(type) {
	case *net.TCPConn:
		now.set(socket)
	case interface {
		Control(func(fd int) error) error
	}:
		if now != r.inherited {
			_ = socket.Control(now.setDescriptor)
		}
	}
}

// set sets the options of a socket of net's, which sends without delay already.
func (s sockets) set(tcp *net.TCPConn) {
	if !s.noDelay {
		_ = tcp.SetNoDelay(false)
	}
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable: s.keepAlive, Idle: s.keepAliveTime, Interval: s.keepAliveInterval, Count: s.keepAliveRetries,
	})
	if s.inBuffer > 0 {
		_ = tcp.SetReadBuffer(s.inBuffer)
	}
	if s.outBuffer > 0 {
		_ = tcp.SetWriteBuffer(s.outBuffer)
	}
}
