package trap_test

import (
	"fmt"
	"io"
	"io/fs"
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

func TestFromNetKeepsCodeAndCause(t *testing.T) {
	t.Parallel()
	assert.ErrorIs(t, trap.FromNet(opError(syscall.ECONNRESET)), syscall.ECONNRESET)
	assert.Equal(t, opError(syscall.ECONNRESET).Error(), trap.FromNet(opError(syscall.ECONNRESET)).Message)
	assert.Same(t, trap.ErrBusy, trap.FromNet(trap.ErrBusy))
	assert.Nil(t, trap.FromNet(nil))
	assert.Zero(t, trap.Code(nil))
}
