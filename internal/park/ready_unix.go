//go:build unix && !aix

package park

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// canWatch says that awaitReadable works here.
const canWatch = true

// awaitReadable returns when a read would find something, or an error.
func awaitReadable(raw syscall.RawConn) error {
	return raw.Read(func(fd uintptr) bool {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		return n > 0 || err != nil && err != unix.EINTR && err != unix.EAGAIN
	})
}
