//go:build unix

package park

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unread returns how many octets a socket has for its reader.
func unread(raw syscall.RawConn) (n int) {
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), fionread) })
	return max(n, 0)
}
