package tcpserver

import (
	"cmp"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// What 0 means for keep-alive probes: the values of package net.
const (
	probesAfter = 15 * time.Second
	probeRetry  = 15 * time.Second
	probeCount  = 9
)

// bequeath sets the options of a listening socket, from which those that it
// accepts have them.
func (s sockets) bequeath(l *net.TCPListener) error {
	rc, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = rc.Control(func(fd uintptr) { serr = s.setDescriptor(int(fd)) })
	return cmp.Or(err, serr)
}

func (s sockets) setDescriptor(fd int) error {
	set := func(level, option, value int) error { return unix.SetsockoptInt(fd, level, option, value) }
	errs := []error{
		set(unix.IPPROTO_TCP, unix.TCP_NODELAY, number(s.noDelay)),
		set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, number(s.keepAlive)),
	}
	if s.keepAlive {
		errs = append(errs,
			set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds(cmp.Or(s.keepAliveTime, probesAfter))),
			set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds(cmp.Or(s.keepAliveInterval, probeRetry))),
			set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, cmp.Or(s.keepAliveRetries, probeCount)))
	}
	if s.inBuffer > 0 {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_RCVBUF, s.inBuffer))
	}
	if s.outBuffer > 0 {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_SNDBUF, s.outBuffer))
	}
	return errors.Join(errs...)
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}

// seconds rounds up: Linux counts whole seconds.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
