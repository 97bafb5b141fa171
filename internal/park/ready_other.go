//go:build !windows && (!unix || aix)

package park

import (
	"errors"
	"syscall"
)

// canWatch says that a twin has to read ahead here.
const canWatch = false

func awaitReadable(syscall.RawConn) error { return errors.ErrUnsupported }
