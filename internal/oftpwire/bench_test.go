package oftpwire

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchmarkSizes are a usual exchange buffer and the largest.
var benchmarkSizes = []int{4096, MaxBuffer}

func randomOctets(n int) []byte {
	p := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func BenchmarkAppendRecord(b *testing.B) {
	for _, compress := range []bool{false, true} {
		for _, size := range benchmarkSizes {
			b.Run(fmt.Sprintf("compress=%t/%d", compress, size), func(b *testing.B) {
				p, buffer := randomOctets(size), make([]byte, 0, size)
				b.ReportAllocs()
				for b.Loop() {
					_, n, _ := AppendRecord(append(buffer[:0], byte(IDDATA)), size, p, false, compress)
					b.SetBytes(int64(n))
				}
			})
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload, n, _ := AppendRecord(nil, size, randomOctets(size), false, false)
			out := make([]byte, 0, size)
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				out = out[:0]
				s := Split(payload)
				for {
					sub, ok, err := s.Next()
					if err != nil {
						b.Fatal(err)
					}
					if !ok {
						break
					}
					out = sub.Append(out)
				}
			}
			if len(out) != n {
				b.Fatal("octets lost")
			}
		})
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload, n, _ := AppendRecord(nil, size, randomOctets(size), false, false)
			out := make([]byte, 0, size)
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				s := Split(payload)
				if _, _, err := s.Record(out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	command, err := goldenSSID.Append(nil, Level20)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(Level20, command); err != nil {
			b.Fatal(err)
		}
	}
}

var goldenSSID = SSID{
	Level: Level20, Code: "O0055CLIENT", Password: "CLIPWD", BufferSize: 4096,
	Direction: Both, Credit: 64,
}
