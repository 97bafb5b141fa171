package park

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

const fionread = 0x4004667f

// unread returns how many octets a socket has for its reader.
func unread(raw syscall.RawConn) (n int) {
	var octets, got uint32
	_ = raw.Control(func(fd uintptr) {
		out := (*byte)(unsafe.Pointer(&octets))
		err := windows.WSAIoctl(windows.Handle(fd), fionread, nil, 0, out, uint32(unsafe.Sizeof(octets)), &got, nil, 0)
		if err == nil {
			n = int(octets)
		}
	})
	return n
}
