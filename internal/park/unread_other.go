//go:build !unix && !windows

package park

import "syscall"

// unread is never asked where a twin reads ahead.
func unread(syscall.RawConn) int { return 0 }
