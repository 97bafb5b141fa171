package tcpserver

import (
	"errors"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPassingErrors(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		syscall.EMFILE:        true,
		syscall.ENFILE:        true,
		syscall.ENOBUFS:       true,
		syscall.ENOMEM:        true,
		syscall.EBADF:         false,
		errors.New("unknown"): false,
	} {
		assert.Equal(t, want, passing(err), err)
	}
}
