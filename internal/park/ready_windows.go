package park

import "syscall"

// canWatch says that awaitReadable works here.
const canWatch = true

// awaitReadable returns when a read would find something, or an error. After
// the false, package net waits for a read of no octets.
func awaitReadable(raw syscall.RawConn) error {
	again := false
	return raw.Read(func(uintptr) bool {
		defer func() { again = true }()
		return again
	})
}
