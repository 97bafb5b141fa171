package park

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTryReadFindsNothingAndThenWhatComes(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		p := make([]byte, 16)
		n, err := c.TryRead(p)
		assert.Zero(t, n)
		assert.Equal(t, ErrWouldBlock, err)
		for _, word := range []string{"one", "two", "three"} {
			wrote := start(func() (int, error) { return peer.Write([]byte(word)) })
			n, err := readSome(t, c, s, p)
			require.NoError(t, err)
			assert.Equal(t, word, string(p[:n]))
			require.NoError(t, await(t, wrote, "the peer's Write").err)
		}
	})
}

func TestTheEndComesAfterTheOctetsBeforeIt(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		go func() {
			_, _ = peer.Write([]byte("last words"))
			_ = peer.Close()
		}()
		var got []byte
		p := make([]byte, 64)
		for {
			n, err := readSome(t, c, s, p)
			got = append(got, p[:n]...)
			if err != nil {
				assert.Equal(t, io.EOF, err, "as it is, not wrapped")
				break
			}
			if n < len(p) { // the contract: wait for the signal, even at the end
				await(t, s.readable, "Readable for the end")
			}
		}
		assert.Equal(t, "last words", string(got))
		_, err := c.Read(p)
		assert.Equal(t, io.EOF, err)
	})
}

func TestOctetsOneByOne(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		const count = 500
		go func() {
			for i := range count {
				_, _ = peer.Write([]byte{byte(i)})
			}
		}()
		p := make([]byte, 1)
		for i := range count {
			read := func() (int, error) { return readSome(t, c, s, p) }
			if i%2 == 0 {
				read = func() (int, error) { return c.Read(p) }
			}
			n, err := read()
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.Equal(t, byte(i), p[0])
		}
	})
}

func TestEmptySlicesNeitherWaitNorFail(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, _ net.Conn) {
		calls := []func([]byte) (int, error){c.Read, c.TryRead, c.Write, c.TryWrite}
		for _, call := range calls {
			n, err := call(nil)
			assert.Zero(t, n)
			assert.NoError(t, err)
		}
		require.NoError(t, c.Close())
		for _, call := range calls {
			_, err := call(nil)
			assert.ErrorIs(t, err, net.ErrClosed)
		}
	})
}

func TestRefusedWriteIsToldOfWhenThereIsRoom(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		want := fill(t, c)
		require.NotZero(t, want)
		got := readAll(peer)
		for range 50 {
			await(t, s.writable, "Writable")
			want += fill(t, c)
		}
		await(t, s.writable, "Writable")
		// Ends without loss: the peer gets all that TryWrite has taken.
		go func() { _ = c.Close() }()
		assert.Len(t, await(t, got, "the peer's octets"), want)
	})
}

func TestWritableIsNotToldUnasked(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		for range 100 {
			wrote := start(func() (int, error) { return c.TryWrite([]byte("a")) })
			_, err := io.ReadFull(peer, make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, await(t, wrote, "TryWrite").err)
			echoed := start(func() (int, error) { return peer.Write([]byte("b")) })
			_, err = c.Read(make([]byte, 1))
			require.NoError(t, err)
			await(t, echoed, "the peer's Write")
		}
		assert.Empty(t, s.writable)
	})
}

func TestTryWriteDoesNotComeBetweenTheOctetsOfAWrite(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		big := bytes.Repeat([]byte("w"), 8<<20)
		wrote := start(func() (int, error) { return c.Write(big) })
		_, err := io.ReadFull(peer, make([]byte, 1)) // it is under way now, and cannot end
		require.NoError(t, err)
		n, err := c.TryWrite([]byte("t"))
		assert.Zero(t, n)
		assert.Equal(t, ErrWouldBlock, err)
		got := make([]byte, len(big)-1)
		_, err = io.ReadFull(peer, got)
		require.NoError(t, err)
		assert.NotContains(t, string(got), "t")
		require.NoError(t, await(t, wrote, "Write").err)
		await(t, s.writable, "Writable after the Write")
		tried := start(func() (int, error) { return c.TryWrite([]byte("t")) })
		_, err = io.ReadFull(peer, got[:1])
		require.NoError(t, err)
		assert.Equal(t, byte('t'), got[0])
		await(t, tried, "TryWrite")
	})
}

func TestWritesOfManyGoroutinesStayWhole(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		const writers, size = 8, 300 << 10
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				n, err := c.Write(bytes.Repeat([]byte{byte(i)}, size))
				assert.NoError(t, err)
				assert.Equal(t, size, n)
			})
		}
		p := make([]byte, size)
		seen := map[byte]bool{}
		for range writers {
			_, err := io.ReadFull(peer, p)
			require.NoError(t, err)
			require.Equal(t, size, bytes.Count(p, p[:1]), "one writer's octets are inside another's")
			seen[p[0]] = true
		}
		assert.Len(t, seen, writers)
		wg.Wait()
	})
}

func TestReadsOfManyGoroutinesLoseNothing(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		const size = 1 << 20
		got := make(chan int, 8)
		for range cap(got) {
			go func() {
				sum, p := 0, make([]byte, 777)
				for {
					n, err := c.Read(p)
					sum += n
					if err != nil {
						assert.Equal(t, io.EOF, err)
						got <- sum
						return
					}
				}
			}()
		}
		_, err := peer.Write(make([]byte, size))
		require.NoError(t, err)
		require.NoError(t, peer.Close())
		sum := 0
		for range cap(got) {
			sum += await(t, got, "a reader's end")
		}
		assert.Equal(t, size, sum)
	})
}

// The calls that wait, on a connection whose peer does nothing; those of the
// writing side come after fill.
func waiting(t *testing.T, c Conn) map[string]func() (int, error) {
	f, b := tempFile(t, 16<<20)
	return map[string]func() (int, error){
		"Read":  func() (int, error) { return c.Read(make([]byte, 1)) },
		"Write": func() (int, error) { return c.Write(b) },
		"SendFile": func() (int, error) {
			n, err := c.SendFile(f, int64(len(b)))
			return int(n), err
		},
	}
}

// interruptions are what ends a waiting call, before or while it waits.
var interruptions = []struct {
	name string
	do   func(Conn) error
	err  error
}{
	{"past deadline", func(c Conn) error { return c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
	{"deadline soon", func(c Conn) error { return c.SetDeadline(time.Now().Add(5 * time.Millisecond)) }, os.ErrDeadlineExceeded},
	{"close", Conn.Close, net.ErrClosed},
}

func TestWhatEndsACallThatWaits(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		for _, call := range []string{"Read", "Write", "SendFile"} {
			for _, i := range interruptions {
				for _, after := range []bool{false, true} {
					t.Run(w.name+"/"+call+"/"+i.name, func(t *testing.T) {
						t.Parallel()
						testInterruption(t, w, call, i.do, i.err, after)
					})
				}
			}
		}
	}
}

func testInterruption(t *testing.T, w way, call string, do func(Conn) error, want error, after bool) {
	c, _, peer := w.park(t)
	f := waiting(t, c)[call]
	if !after {
		require.NoError(t, do(c))
	}
	done := start(f)
	if after {
		if call != "Read" { // it is under way when its first octet comes
			_, err := io.ReadFull(peer, make([]byte, 1))
			require.NoError(t, err)
		}
		require.NoError(t, do(c))
	}
	r := await(t, done, call)
	assert.ErrorIs(t, r.err, want)
	var op *net.OpError
	if assert.ErrorAs(t, r.err, &op) {
		assert.Equal(t, want == os.ErrDeadlineExceeded, op.Timeout())
	}
	if after && call != "Read" {
		assert.NotZero(t, r.n)
	}
}

func TestAnInterruptedWriteCanBeResumed(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		f, b := tempFile(t, 8<<20)
		if socket, ok := peer.(interface{ SetReadBuffer(int) error }); ok {
			require.NoError(t, socket.SetReadBuffer(64<<10)) // else the system may take it all
		}
		head := make([]byte, 1)
		calls := []func(done int64) (int64, error){
			func(done int64) (int64, error) { n, err := c.Write(b[done:]); return int64(n), err },
			func(done int64) (int64, error) { return c.SendFile(f, int64(len(b))-done) },
		}
		for _, call := range calls {
			first := start(func() (int, error) { n, err := call(0); return int(n), err })
			_, err := io.ReadFull(peer, head)
			require.NoError(t, err)
			require.NoError(t, c.SetWriteDeadline(time.Now()))
			r := await(t, first, "the interrupted call")
			require.ErrorIs(t, r.err, os.ErrDeadlineExceeded)
			require.NotZero(t, r.n)
			require.NoError(t, c.SetWriteDeadline(time.Time{}))
			second := start(func() (int, error) { n, err := call(r.n); return int(n), err })
			rest := make([]byte, len(b)-1)
			_, err = io.ReadFull(peer, rest)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(b, append(head, rest...)), "the octets differ")
			s := await(t, second, "the resumed call")
			require.NoError(t, s.err)
			assert.EqualValues(t, len(b), r.n+s.n)
		}
	})
}

func TestDeadlinesMoveWhileACallWaits(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		done := start(func() (int, error) { return c.Read(make([]byte, 1)) })
		require.NoError(t, c.SetReadDeadline(time.Now().Add(2*time.Hour)))
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		assert.ErrorIs(t, await(t, done, "Read").err, os.ErrDeadlineExceeded)

		// A deadline that has passed holds until it is changed, also for octets
		// that are there; TryRead and TryWrite do not know it.
		wrote := start(func() (int, error) { return peer.Write([]byte("xy")) })
		_, err := c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		_, err = io.ReadFull(c, make([]byte, 2))
		assert.NoError(t, err)
		await(t, wrote, "the peer's Write")
	})
}

func TestWriteTimeoutIsForEachOctet(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		const limit = 300 * time.Millisecond
		c.SetWriteTimeout(limit)
		began := time.Now()
		done := start(func() (int, error) { return c.Write(make([]byte, 32<<20)) })
		// The peer takes longer for all of it than the limit, and is never still
		// for as long.
		tick := time.NewTicker(limit / 20)
		defer tick.Stop()
		for range 40 {
			<-tick.C
			_, err := io.ReadFull(peer, make([]byte, 128<<10))
			require.NoError(t, err)
		}
		assert.Greater(t, time.Since(began), limit)
		assert.Empty(t, done, "it has failed though octets moved")
		r := await(t, done, "the Write's end, once the peer is still")
		assert.ErrorIs(t, r.err, os.ErrDeadlineExceeded)
		assert.GreaterOrEqual(t, r.n, int64(40*128<<10))
	})
}

func TestWriteTimeoutEndsAWriteToAPeerThatIsStill(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, _ net.Conn) {
		c.SetWriteTimeout(10 * time.Millisecond)
		f, b := tempFile(t, 16<<20)
		_, err := c.Write(b)
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = c.SendFile(f, int64(len(b)))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestSendFile(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		f, b := tempFile(t, 3<<20+17)
		_, err := f.Seek(5, io.SeekStart)
		require.NoError(t, err)
		got := readAll(peer)
		n, err := c.SendFile(f, 1000)
		require.NoError(t, err)
		assert.EqualValues(t, 1000, n)
		n, err = c.SendFile(f, int64(len(b))) // more than is left
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.EqualValues(t, len(b)-1005, n)
		n, err = c.SendFile(f, 0)
		assert.NoError(t, err)
		assert.Zero(t, n)
		require.NoError(t, c.Close())
		assert.True(t, bytes.Equal(b[5:], await(t, got, "the file")))
	})
}

func TestCopyFileLeavesTheOffsetAfterWhatWasSent(t *testing.T) {
	t.Parallel()
	f, _ := tempFile(t, 100<<10)
	n, err := copyFile(shortWriter(10), f, 100<<10)
	assert.ErrorIs(t, err, io.ErrShortWrite)
	assert.EqualValues(t, 10, n)
	at, err := f.Seek(0, io.SeekCurrent)
	require.NoError(t, err)
	assert.EqualValues(t, 10, at)
	n, err = copyFile(io.Discard, f, 100<<10)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.EqualValues(t, 100<<10-10, n)
}

type shortWriter int

func (w shortWriter) Write([]byte) (int, error) { return int(w), io.ErrShortWrite }

func TestHalfCloseEachWay(t *testing.T) {
	everyWay(t, func(t *testing.T, w way, c Conn, s *signals, peer net.Conn) {
		if !w.socket {
			assert.ErrorIs(t, c.CloseWrite(), errors.ErrUnsupported)
			return
		}
		_, err := c.TryWrite([]byte("before"))
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		assert.Equal(t, "before", string(await(t, readAll(peer), "the end")))
		_, err = c.Write([]byte("after"))
		assert.ErrorIs(t, err, syscall.EPIPE)

		_, err = peer.Write([]byte("answer"))
		require.NoError(t, err)
		require.NoError(t, peer.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, "answer", string(got))
	})
}

func TestAfterThePeersHalfCloseWritingGoesOn(t *testing.T) {
	everyWay(t, func(t *testing.T, w way, c Conn, s *signals, peer net.Conn) {
		if !w.socket {
			return
		}
		require.NoError(t, peer.(interface{ CloseWrite() error }).CloseWrite())
		_, err := readSome(t, c, s, make([]byte, 1))
		require.Equal(t, io.EOF, err)
		want := fill(t, c)
		got := readAll(peer)
		await(t, s.writable, "Writable")
		require.NoError(t, c.Close())
		assert.Len(t, await(t, got, "the octets"), want)
	})
}

func TestResetByPeerIsBothReadableAndWritable(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		tcp, ok := peer.(*net.TCPConn)
		if !ok {
			return
		}
		fill(t, c)
		require.NoError(t, tcp.SetLinger(0))
		require.NoError(t, tcp.Close())
		await(t, s.writable, "Writable")
		_, err := readSome(t, c, s, make([]byte, 1))
		var op *net.OpError
		if err != io.EOF { // a Write may have been told of the reset before
			require.ErrorAs(t, err, &op)
		}
		for err = nil; err == nil || errors.Is(err, ErrWouldBlock); {
			if _, err = c.TryWrite([]byte("x")); errors.Is(err, ErrWouldBlock) {
				await(t, s.writable, "Writable")
			}
		}
		assert.ErrorAs(t, err, &op)
	})
}

func TestLingerZeroResets(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, peer net.Conn) {
		if _, ok := peer.(*net.TCPConn); !ok {
			return
		}
		fill(t, c)
		require.NoError(t, c.SetLinger(0))
		require.NoError(t, c.Close())
		_, err := io.Copy(io.Discard, peer)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

func TestCloseTwice(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, _ *signals, _ net.Conn) {
		require.NoError(t, c.Close())
		for _, again := range []func() error{
			c.Close, c.CloseWrite,
			func() error { return c.SetDeadline(time.Time{}) },
			func() error { _, err := c.TryRead(make([]byte, 1)); return err },
			func() error { _, err := c.TryWrite(make([]byte, 1)); return err },
		} {
			err := again()
			if !errors.Is(err, errors.ErrUnsupported) {
				assert.ErrorIs(t, err, net.ErrClosed)
			}
		}
		assert.Zero(t, c.Unread())
	})
}

func TestClosersReadersAndWritersAtOnce(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			for range 50 {
				c, _, peer := w.park(t)
				go func() { _, _ = io.Copy(peer, peer) }()
				var wg sync.WaitGroup
				p := make([]byte, 10<<10)
				for range 2 {
					wg.Go(func() { _, _ = c.Write(make([]byte, 100<<10)) })
					wg.Go(func() { _, _ = c.Read(make([]byte, 1)) })
					wg.Go(func() { _, _ = c.TryRead(make([]byte, 1)) })
					wg.Go(func() { _, _ = c.TryWrite(p) })
					wg.Go(func() { _ = c.Close() })
				}
				wg.Wait()
				assert.ErrorIs(t, c.Close(), net.ErrClosed)
				_ = peer.Close()
			}
		})
	}
}

func TestUnread(t *testing.T) {
	everyWay(t, func(t *testing.T, _ way, c Conn, s *signals, peer net.Conn) {
		go func() { _, _ = peer.Write([]byte("12345")) }()
		await(t, s.readable, "Readable")
		assert.Equal(t, 5, c.Unread())
		_, err := readSome(t, c, s, make([]byte, 2))
		require.NoError(t, err)
		assert.Equal(t, 3, c.Unread())
	})
}

func TestAddressesStay(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			nc, peer := w.connect(t)
			defer peer.Close()
			local, remote := nc.LocalAddr(), nc.RemoteAddr()
			c, err := NewLot().Park(nc, newSignals())
			require.NoError(t, err)
			require.NoError(t, c.Close())
			assert.Equal(t, local.String(), c.LocalAddr().String())
			assert.Equal(t, remote.String(), c.RemoteAddr().String())
			assert.Equal(t, local.Network(), c.LocalAddr().Network())
			assert.IsType(t, remote, c.RemoteAddr())
		})
	}
}
