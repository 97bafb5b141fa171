package trap_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
)

func TestErrorCarriesCodeTextAndCause(t *testing.T) {
	t.Parallel()
	err := trap.New(679, "reading %s: %w", "orders.edi", fs.ErrNotExist)
	assert.Equal(t, "679: reading orders.edi: file does not exist", err.Error())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorIs(t, fmt.Errorf("outer: %w", err), &trap.Error{Code: 679})
	assert.NotErrorIs(t, err, trap.ErrBusy)
}

func TestWrapKeepsTheInnerCode(t *testing.T) {
	t.Parallel()
	inner := trap.New(126, "no connection 7")
	outer := trap.Wrap(671, inner, "sending orders.edi")
	assert.Equal(t, 126, outer.Code)
	assert.Equal(t, "126: sending orders.edi: no connection 7", outer.Error())
	assert.Equal(t, 671, trap.Wrap(671, io.EOF, "reading").Code)
}

func TestFromNetMapsTheSystemsErrors(t *testing.T) {
	t.Parallel()
	op := func(err error) error {
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
	}
	for _, row := range []struct {
		err  error
		code int
	}{
		{op(syscall.ECONNRESET), 10054},
		{op(syscall.EPIPE), 10054},
		{op(syscall.EADDRINUSE), 10048},
		{op(syscall.ECONNREFUSED), 10061},
		{net.ErrClosed, 10053},
		{os.ErrDeadlineExceeded, 10060},
		{&net.DNSError{IsNotFound: true}, 11001},
		{&net.DNSError{IsTemporary: true}, 11002},
		{errors.New("anything else"), 10053},
		{trap.ErrBusy, 10036},
		{nil, 0},
	} {
		assert.Equal(t, row.code, trap.Code(row.err), "%v", row.err)
	}
	assert.ErrorIs(t, trap.FromNet(op(syscall.ECONNRESET)), syscall.ECONNRESET)
	assert.Nil(t, trap.FromNet(nil))
}
