package oftpfile_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpwire"
)

// carry sends data and returns what arrives.
func carry(t *testing.T, data []byte, l oftpfile.Layout, limit int, compress bool) []byte {
	t.Helper()
	out := oftpfile.OpenStream(bytes.NewReader(data), l)
	defer out.Close()
	var sink bytes.Buffer
	in := oftpfile.NewInbox().Stream(&sink, l)
	defer in.Abort()
	for _, p := range payloads(t, out, limit, compress) {
		require.NoError(t, in.Write(p))
	}
	require.NoError(t, in.Verify(out.Records(), out.Octets(), true))
	require.NoError(t, in.Commit())
	return sink.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		limit := 10 + r.IntN(5000)
		data := noise(r, r.IntN(600_000>>r.IntN(12)))
		for _, format := range []oftpwire.Format{unstructured, text} {
			require.True(t, bytes.Equal(data, carry(t, data, layout(format, 0), limit, r.IntN(2) == 0)))
		}
		for _, format := range []oftpwire.Format{fixed, variable} {
			l := layout(format, 1+r.IntN(200))
			l.Separator = []string{oftpfile.SeparatorCRLF, oftpfile.SeparatorLF, ""}[r.IntN(3)]
			separator := "\r\n"
			if l.Separator == oftpfile.SeparatorLF {
				separator = "\n"
			}
			file := strings.Join(append(lines(r, l, r.IntN(300)), ""), separator)
			require.Equal(t, file, string(carry(t, []byte(file), l, limit, r.IntN(2) == 0)))
		}
	}
}

// TestBufferSeams sends files whose ends fall around the edges of the buffer.
func TestBufferSeams(t *testing.T) {
	t.Parallel()
	for around := 256<<10 - 2; around <= 256<<10+2; around++ {
		data := bytes.Repeat([]byte{'x'}, around)
		for _, compress := range []bool{false, true} {
			got := carry(t, data, layout(unstructured, 0), 99_999, compress)
			assert.True(t, bytes.Equal(data, got), "%d octets", around)
		}
	}
	long := layout(variable, 99_999)
	file := strings.Repeat(strings.Repeat("y", 99_999)+"\r\n", 9)
	assert.Equal(t, file, string(carry(t, []byte(file), long, 128, true)))
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("a\r\nb\r\n"), 40, false)
	f.Fuzz(func(t *testing.T, data []byte, limit int, compress bool) {
		limit = 4 + (limit&0x7fffffff)%5000
		assert.True(t, bytes.Equal(data, carry(t, data, layout(unstructured, 0), limit, compress)))
		if len(data) < 1 {
			return
		}
		none := oftpfile.Layout{Format: fixed, RecordSize: len(data), Separator: oftpfile.SeparatorNone}
		if none.Check() == nil {
			assert.True(t, bytes.Equal(data, carry(t, data, none, limit, compress)))
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	for name, size := range map[string]int{"4096": 4096, "99999": 99_999} {
		for _, l := range []oftpfile.Layout{layout(unstructured, 0), layout(variable, 80)} {
			b.Run(name+" "+l.Format.String(), func(b *testing.B) {
				payload := make([]byte, 0, size)
				for len(payload) < size-64 {
					payload = append(payload, record(strings.Repeat("x", 63), l.Format == variable)...)
				}
				in := oftpfile.NewInbox().Stream(io.Discard, l)
				defer in.Abort()
				b.SetBytes(int64(len(payload)))
				b.ReportAllocs()
				for b.Loop() {
					if err := in.Write(payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for name, size := range map[string]int{"4096": 4096, "99999": 99_999} {
		b.Run(name, func(b *testing.B) {
			out := oftpfile.OpenStream(endless{}, layout(unstructured, 0))
			defer out.Close()
			buffer := make([]byte, 1, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := out.Fill(buffer, size, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// endless reads like a file that is in the system's cache and never ends.
type endless struct{}

var page = bytes.Repeat([]byte("0123456789abcdef"), 1<<14)

func (endless) Read(p []byte) (int, error) { return copy(p, page), nil }

func TestNoAllocations(t *testing.T) {
	payload := records(strings.Repeat("x", 63), "y")
	in := oftpfile.NewInbox().Stream(io.Discard, layout(variable, 80))
	out := oftpfile.OpenStream(endless{}, layout(unstructured, 0))
	buffer := make([]byte, 1, 4096)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		_ = in.Write(payload)
		_, _, _ = out.Fill(buffer, 4096, true)
	}))
}
