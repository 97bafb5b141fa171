package split_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/split"
)

const block = 64 << 10

// BenchmarkLines cuts blocks of 64 KiB. The last two rows are what a peer would
// send to keep the splitter busy.
func BenchmarkLines(b *testing.B) {
	line := strings.Repeat("x", 80)
	for _, c := range []struct {
		name, line string
		mode       split.Mode
	}{
		{"EOL", line + "\r\n", split.Mode{EOL: "\r\n", MaxLine: 2048}},
		{"CRLF", line + "\r\n", split.Mode{SingleLine: true, MaxLine: 2048}},
		{"LF", line + "\n", split.Mode{SingleLine: true, MaxLine: 2048}},
		{"CR", line + "\r", split.Mode{SingleLine: true, MaxLine: 2048}},
		{"records", line, split.Mode{RecordLength: 80}},
		{"no end", line, split.Mode{EOL: "\r\n", MaxLine: 256}},
		{"only CR", "\r", split.Mode{SingleLine: true, MaxLine: 1 << 20}},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := bytes.Repeat([]byte(c.line), block/len(c.line))
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				drain(c.mode, data)
			}
		})
	}
}

// BenchmarkSingleOctets offers a line of MaxLine octets one octet at a time:
// the time per octet must not depend on the length.
func BenchmarkSingleOctets(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		for name, m := range map[string]split.Mode{
			"EOL":        {EOL: "\r\n", MaxLine: size},
			"SingleLine": {SingleLine: true, MaxLine: size},
		} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				data := bytes.Repeat([]byte{'\t'}, size)
				b.SetBytes(int64(size))
				for b.Loop() {
					var s split.Splitter
					for n := range data {
						if _, _, ok := s.Next(m, data[:n+1]); ok {
							b.Fatal("there is no whole line")
						}
					}
				}
			})
		}
	}
}
