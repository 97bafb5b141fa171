package oftp_test

import (
	"crypto/sha256"
	"hash"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Memory does not grow with the size of a file: one of 5 GiB (in short, of
// 64 MiB) goes from stream to stream, longer than any counter of 32 bits.
func TestAFileOfManyGigabytes(t *testing.T) {
	size := int64(64 << 20)
	if long {
		size = 5 << 30
	}
	received := sha256.New()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Connection.SetDownloadStream(received) }
		s.OnEndTransfer = hook
	})
	c := session(t, srv, nil)

	source := &watched{octets: io.LimitReader(rand.NewChaCha8([32]byte{}), size), sum: sha256.New()}
	c.Connection().SetUploadStream(source)
	before := heap()
	require.NoError(t, c.SendFile("", "", "BIG"))
	end := await(t, ends)
	assert.Equal(t, size, end.FileSize)
	assert.Equal(t, source.sum.Sum(nil), received.Sum(nil))
	assert.Less(t, source.peak, before+4<<20, "heap while the file was on its way")
	require.NoError(t, c.Logoff())
}

// watched hashes what is read of it, and looks at the heap meanwhile.
type watched struct {
	octets io.Reader
	sum    hash.Hash
	reads  int
	peak   uint64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.octets.Read(p)
	w.sum.Write(p[:n])
	if w.reads++; w.reads%64 == 0 {
		w.peak = max(w.peak, heap())
	}
	return n, err
}

// What is done for every exchange buffer allocates nothing, in both roles.
func TestExchangeBuffersCostNoAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes sync.Pool forget buffers at random")
	}
	const buffers = 16_000
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ExchangeBufferSize=1024", "CreditCount=999")
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Connection.SetDownloadStream(io.Discard) }
	})
	c := session(t, srv, nil)
	c.Connection().SetUploadStream(io.LimitReader(rand.NewChaCha8([32]byte{}), buffers<<10))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, c.SendFile("", "", "MANY"))
	runtime.ReadMemStats(&after)
	assert.Less(t, after.Mallocs-before.Mallocs, uint64(buffers/10))
}
