package trap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opError is an error number as package net wraps it.
func opError(errno syscall.Errno) error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", errno)}
}

// goErrors are the errors of Go's own packages.
var goErrors = []struct {
	err  error
	code int
}{
	{context.Canceled, 10004},
	{context.DeadlineExceeded, 10060},
	{os.ErrDeadlineExceeded, 10060},
	{net.ErrClosed, 10053},
	{io.EOF, 10053},
	{io.ErrClosedPipe, 10053},
	{io.ErrUnexpectedEOF, 10054},
	{net.ErrWriteToConnected, 10056},
	{errors.ErrUnsupported, 10045},
	{&net.AddrError{Err: "missing port", Addr: "host"}, 10022},
	{&net.ParseError{Type: "IP address", Text: "1.2.3"}, 10022},
	{net.InvalidAddrError("no"), 10022},
	{net.UnknownNetworkError("tcp5"), 10043},
	{slow{}, 10060},
	{&net.DNSError{IsNotFound: true}, 11001},
	{&net.DNSError{IsTemporary: true}, 11002},
	{&net.DNSError{IsTimeout: true}, 11002},
	{&net.DNSError{IsTimeout: true, UnwrapErr: context.DeadlineExceeded}, 11002},
	{&net.DNSError{UnwrapErr: context.Canceled}, 10004},
	{&net.DNSError{Err: "server misbehaving"}, 11003},
	{errors.New("anything else"), 10053},
}

// slow is an error that has nothing but a timeout.
type slow struct{}

func (slow) Error() string   { return "slow" }
func (slow) Timeout() bool   { return true }
func (slow) Temporary() bool { return false }

func TestErrorsOfGo(t *testing.T) {
	t.Parallel()
	for _, row := range goErrors {
		assert.Equal(t, row.code, trap.Code(row.err), "%T %v", row.err, row.err)
		wrapped := fmt.Errorf("connection 7: %w", &net.OpError{Op: "dial", Net: "tcp", Err: row.err})
		assert.Equal(t, row.code, trap.Code(wrapped), "%v", wrapped)
		joined := errors.Join(errors.New("first"), row.err)
		assert.Equal(t, row.code, trap.Code(joined), "%v", joined)
	}
}

func TestErrorsOfDialing(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	for _, row := range []struct {
		ctx              context.Context
		network, address string
		code             int
	}{
		{t.Context(), "tcp", free.Addr().String(), 10061},
		{t.Context(), "tcp", "127.0.0.1", 10022},
		{t.Context(), "tcp5", "127.0.0.1:1", 10043},
		{ended, "tcp", "127.0.0.1:1", 10004},
		{late, "tcp", "127.0.0.1:1", 10060},
	} {
		_, err := new(net.Dialer).DialContext(row.ctx, row.network, row.address)
		assert.Equal(t, row.code, trap.Code(err), "%v", err)
	}
}

// The end of a connection is mapped once each, so it should cost little.
func BenchmarkFromNet(b *testing.B) {
	for _, err := range []error{opError(syscall.ECONNRESET), io.EOF, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}} {
		b.Run(err.Error(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				trap.FromNet(err)
			}
		})
	}
}
