package proxyhead

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const behind = "what is behind the header"

// limit is long: in a bubble it is over at once, elsewhere a test that waits
// for it has failed.
const limit = 10 * time.Second

// pair is a connection by TCP, the client's end first.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestGoldenHeaders(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			client, server := pair(t)
			_, err := io.WriteString(client, g.raw+behind)
			require.NoError(t, err)
			require.NoError(t, client.(*net.TCPConn).CloseWrite())
			h, err := Read(server, limit)
			require.NoError(t, err)
			assert.Equal(t, g.want, h)
			rest, err := io.ReadAll(server)
			require.NoError(t, err)
			assert.Equal(t, behind, string(rest))
		})
	}
}

func TestHeadersThatComeInPieces(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		raw, err := receive(iotest.OneByteReader(strings.NewReader(g.raw + behind)))
		require.NoError(t, err, g.name)
		h, err := parse(raw)
		require.NoError(t, err, g.name)
		assert.Equal(t, g.want, h, g.name)
	}
}

func TestOneOctetWrites(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{golden[0].raw, sig2 + "\x21\x11\x00\x1f" + block4 + tlvs} {
		client, server := net.Pipe() // whose writes wait for the reader
		go func() {
			defer client.Close()
			for _, b := range []byte(raw + behind) {
				client.Write([]byte{b})
			}
		}()
		h, err := Read(server, limit)
		require.NoError(t, err)
		assert.Equal(t, example, h)
		rest, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Equal(t, behind, string(rest))
	}
}

func TestHostileOpenings(t *testing.T) {
	t.Parallel()
	for _, row := range hostile {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			client, server := pair(t)
			_, err := io.WriteString(client, row.raw)
			require.NoError(t, err)
			_, err = Read(server, limit) // the client goes on waiting
			require.ErrorIs(t, err, trap.ErrInvalidArgument)
			assert.ErrorContains(t, err, row.why)
			assert.ErrorContains(t, err, client.LocalAddr().String())
			assert.NotContains(t, err.Error(), "proxyproto", "the module's text can quote the whole line")
		})
	}
}

func TestEveryTruncationThenEOF(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		for n := range min(len(g.raw), 300) {
			raw, err := receive(strings.NewReader(g.raw[:n]))
			require.Error(t, err, "%s: %d octets", g.name, n)
			assert.Len(t, raw, n)
			err = ended(nowhere{}, raw, err)
			assert.ErrorIs(t, err, trap.ErrReset, "%s: %d octets", g.name, n)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	}
}

func TestEveryTruncationThenSilence(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		synctest.Test(t, func(t *testing.T) {
			for n := range min(len(g.raw), 300) {
				client, server := net.Pipe()
				go io.WriteString(client, g.raw[:n])
				began := time.Now()
				_, err := Read(server, limit)
				assert.ErrorIs(t, err, trap.ErrTimedOut, "%s: %d octets", g.name, n)
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				assert.Equal(t, limit, time.Since(began))
				client.Close()
				server.Close()
			}
		})
	}
}

func TestTheLimitIsForTheWholeHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		began := time.Now()
		var writer sync.WaitGroup
		writer.Go(func() {
			for _, b := range []byte(golden[0].raw) {
				time.Sleep(time.Second) // of the bubble's clock
				if _, err := client.Write([]byte{b}); err != nil {
					return
				}
			}
		})
		_, err := Read(server, limit)
		assert.ErrorIs(t, err, trap.ErrTimedOut)
		assert.Equal(t, limit, time.Since(began))
		server.Close()
		writer.Wait()
	})
}

func TestTheDeadlineIsCleared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		defer client.Close()
		go func() {
			io.WriteString(client, golden[0].raw)
			time.Sleep(2 * limit)
			io.WriteString(client, behind)
		}()
		_, err := Read(server, limit)
		require.NoError(t, err)
		rest := make([]byte, len(behind))
		_, err = io.ReadFull(server, rest)
		require.NoError(t, err)
		assert.Equal(t, behind, string(rest))
	})
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		defer client.Close()
		go func() {
			time.Sleep(24 * time.Hour)
			io.WriteString(client, golden[0].raw)
		}()
		h, err := Read(server, 0)
		require.NoError(t, err)
		assert.Equal(t, example, h)
	})
}

func TestEndsOfTheConnection(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(t *testing.T, client, server net.Conn)
		code int
	}{
		{"closed by the peer", func(t *testing.T, client, _ net.Conn) { client.Close() }, trap.CodeReset},
		{"reset by the peer", func(t *testing.T, client, _ net.Conn) {
			require.NoError(t, client.(*net.TCPConn).SetLinger(0))
			client.Close()
		}, trap.CodeReset},
		{"closed here", func(t *testing.T, _, server net.Conn) { server.Close() }, trap.CodeAborted},
	} {
		client, server := pair(t)
		row.end(t, client, server)
		_, err := Read(server, limit)
		var e *trap.Error
		if assert.True(t, errors.As(err, &e), row.name) {
			assert.Equal(t, row.code, e.Code, "%s: %v", row.name, err)
		}
	}
}

// nowhere is a connection that has an address only.
type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func FuzzRead(f *testing.F) {
	for _, g := range golden {
		f.Add([]byte(g.raw + behind))
	}
	for _, row := range hostile {
		f.Add([]byte(row.raw))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := strings.NewReader(string(stream))
		raw, err := receive(in)
		assert.LessOrEqual(t, len(raw), fixedPart+longestBlock)
		assert.Equal(t, len(stream)-in.Len(), len(raw), "what was read is what is returned")
		if err != nil {
			assert.Less(t, len(ended(nowhere{}, raw, err).Error()), 400)
			return
		}
		h, err := parse(raw)
		if err != nil {
			assert.Less(t, len(refused(nowhere{}, raw, err).Error()), 400)
			return
		}
		assert.Equal(t, h.Known, h.Source.IsValid() && h.Destination.IsValid())
		assert.False(t, h.Source.Addr().Is4In6() || h.Destination.Addr().Is4In6())
		assert.Empty(t, h.Source.Addr().Zone()+h.Destination.Addr().Zone())
	})
}
