package cms

import (
	"crypto/sha256"
	"crypto/x509"
	"hash"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a GiB may add to the heap: the buffers of three layers, both ways, and
// the compressor.
const memoryLimit = 8 << 20

// A file of a GiB, of 4 GiB with EDIPORT_LONG=1, is signed, encrypted, decrypted
// and verified as it comes.
func TestConstantMemory(t *testing.T) {
	size := int64(1 << 30)
	switch {
	case os.Getenv("EDIPORT_LONG") != "":
		size = 4 << 30
	case testing.Short():
		size = 64 << 20
	}
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	sign := SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}}
	encrypt := EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{bob.cert}}
	for name, row := range map[string]struct {
		size  int64
		depth int
		chain []func(io.Writer) (io.WriteCloser, error)
	}{
		"sign and encrypt":           {size, 2, []func(io.Writer) (io.WriteCloser, error){encrypts(encrypt), signs(sign)}},
		"sign, compress and encrypt": {size / 4, 3, []func(io.Writer) (io.WriteCloser, error){encrypts(encrypt), compresses(1), signs(sign)}},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			before := heap()
			var sent hash.Hash
			go func() {
				var err error
				sent, err = stream(w, row.size, row.chain)
				_ = w.CloseWithError(err)
			}()
			var from io.Reader = r
			for range row.depth {
				p, err := Open(from)
				require.NoError(t, err)
				from, err = readAny(p, row.size, bob.recipient(), known(alice))
				require.NoError(t, err)
			}
			received := &meter{Hash: sha256.New()}
			n, err := io.Copy(received, from)
			require.NoError(t, err)
			assert.Equal(t, row.size, n)
			assert.Equal(t, sent.Sum(nil), received.Sum(nil))
			assert.Less(t, received.most.Load(), before+memoryLimit)
			t.Logf("the heap grew by %d KiB", (int64(received.most.Load())-int64(before))>>10)
		})
	}
}

func readAny(p *Package, limit int64, us Recipient, o VerifyOptions) (io.Reader, error) {
	if p.Type == CompressedData {
		return p.Decompress(2 * limit)
	}
	return read(p, us, o)
}

// stream writes so many octets through a chain, and returns their digest.
func stream(w io.Writer, size int64, chain []func(io.Writer) (io.WriteCloser, error)) (hash.Hash, error) {
	var closers []io.Closer
	for _, next := range chain {
		c, err := next(w)
		if err != nil {
			return nil, err
		}
		w, closers = c, append([]io.Closer{c}, closers...)
	}
	h := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w, h), &repeated{piece: longContent[:len(longContent)-1]}, size); err != nil {
		return nil, err
	}
	for _, c := range closers {
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// meter looks at the heap now and then while it computes a digest.
type meter struct {
	hash.Hash
	n, next int64
	most    atomic.Uint64
}

func (m *meter) Write(p []byte) (int, error) {
	if m.n += int64(len(p)); m.n >= m.next {
		m.next = m.n + 64<<20
		m.most.Store(max(m.most.Load(), heap()))
	}
	return m.Hash.Write(p)
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
