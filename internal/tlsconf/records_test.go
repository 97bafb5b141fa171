package tlsconf

import (
	"bytes"
	"crypto/tls"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// twoRecords is an alert and the beginning of a handshake record, by hand after
// RFC 8446, section 5.1.
var twoRecords = []byte{
	21, 3, 3, 0, 2, 1, 0,
	22, 3, 1, 2, 5, 1, 0,
}

var twoReports = []string{
	"received alert record, 2 octets, TLSv1.2",
	"received handshake record, 517 octets, TLSv1",
}

func scanAll(pieces ...[]byte) []string {
	var got []string
	s := recordScanner{verb: "received", report: func(m string) { got = append(got, m) }}
	for _, p := range pieces {
		s.scan(p)
	}
	return got
}

// The pieces in which a stream arrives make no difference.
func TestRecordScannerPieces(t *testing.T) {
	t.Parallel()
	for i := range len(twoRecords) + 1 {
		for j := i; j <= len(twoRecords); j++ {
			assert.Equal(t, twoReports, scanAll(twoRecords[:i], twoRecords[i:j], nil, twoRecords[j:]))
		}
	}
	assert.Empty(t, scanAll(twoRecords[:4]), "an unfinished header")
}

func TestRecordScannerOtherProtocols(t *testing.T) {
	t.Parallel()
	const what = "received something that is no TLS record: "
	for report, stream := range map[string]string{
		what + "47 45 54 20 2F": "GET / HTTP/1.1\r\n\r\n",
		what + "16 02 00 00 05": "\x16\x02\x00\x00\x05aaaaa",
		what + "17 03 03 48 01": "\x17\x03\x03\x48\x01" + string(twoRecords),
	} {
		assert.Equal(t, []string{report}, scanAll([]byte(stream)))
	}
	assert.Equal(t, []string{"received application data record, 0 octets, TLSv1.2", twoReports[0], twoReports[1]},
		scanAll([]byte{23, 3, 3, 0, 0}, twoRecords))
}

// collector is a report function for two goroutines.
type collector struct {
	mu    sync.Mutex
	lines []string
}

func (c *collector) report(m string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, m)
}

func TestLogRecordsUnderTLS(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.LogPackets = true })
	a, b := loopback(t)
	var got collector
	o := shakeOver(t, c.LogRecords(a, got.report), b, c.Server(Server{Certificate: ecPair()}),
		goClient(func(conf *tls.Config) { conf.MaxVersion = tls.VersionTLS12 }))
	require.NoError(t, o.serverErr)
	require.NoError(t, o.clientErr)
	assert.Regexp(t, `^received handshake record, \d+ octets, TLSv1$`, got.lines[0])
	assert.Regexp(t, `^sent handshake record, \d+ octets, TLSv1\.2$`, got.lines[1])
	assert.Contains(t, got.lines, "received change cipher spec record, 1 octets, TLSv1.2")
	assert.Regexp(t, `^sent application data record, \d+ octets, TLSv1\.2$`, got.lines[len(got.lines)-1])
}

func TestLogRecordsOff(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer func() { _ = b.Close() }()
	assert.Same(t, a, compile(t, nil).LogRecords(a, nil))
	assert.NoError(t, a.Close())
}

func BenchmarkRecordScanner(b *testing.B) {
	record := append([]byte{23, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	s := recordScanner{verb: "received", report: func(string) {}}
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		s.scan(record)
	}
}

func FuzzRecordScanner(f *testing.F) {
	f.Add(twoRecords, 3)
	f.Add([]byte("GET / HTTP/1.1"), 1)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		whole := scanAll(stream)
		size = max(1, min(size, len(stream)))
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			pieces = append(pieces, bytes.Clone(rest[:n]))
			rest = rest[n:]
		}
		assert.Equal(t, whole, scanAll(pieces...))
	})
}
