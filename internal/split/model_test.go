package split_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/split"
	"github.com/stretchr/testify/require"
)

// A step is a mode, and how many pieces it cuts before the next one begins.
// That of the last step does not matter.
type step struct {
	mode   split.Mode
	pieces int
}

type piece struct {
	data string
	eol  bool
}

// model says what the pieces of a whole stream are. In raw mode all that is
// left is one piece, for packets do not exist here.
func model(steps []step, stream string) (pieces []piece) {
	for cut := 0; stream != ""; {
		if len(steps) > 1 && cut == steps[0].pieces {
			steps, cut = steps[1:], 0
			continue
		}
		m := steps[0].mode
		size, end, eol := len(stream), 0, true
		switch {
		case m.RecordLength > len(stream):
			return pieces
		case m.RecordLength > 0:
			size = m.RecordLength
		case m.SingleLine || m.EOL != "":
			size, end, eol = modelLine(m, stream)
		}
		pieces = append(pieces, piece{stream[:size], eol})
		stream = stream[size+end:]
		cut++
	}
	return pieces
}

// modelLine returns the length of a line, that of its end, and whether it has one.
func modelLine(m split.Mode, stream string) (size, end int, eol bool) {
	at, end := strings.Index(stream, m.EOL), len(m.EOL)
	if m.SingleLine {
		at, end = strings.IndexAny(stream, "\r\n"), 1
		if at >= 0 && strings.HasPrefix(stream[at:], "\r\n") {
			end = 2
		}
	}
	if at >= 0 && at <= m.MaxLine {
		return at, end, true
	}
	return min(len(stream), m.MaxLine), 0, false
}

// real cuts the same stream with a Splitter that gets it in packets, and checks
// on the way what the package promises to those who keep the octets.
func real(t *testing.T, steps []step, packets [][]byte) (pieces []piece) {
	t.Helper()
	var (
		s    split.Splitter
		kept []byte
		cut  int
	)
	deliver := func(next func(split.Mode, []byte) (split.Piece, int, bool)) bool {
		p, used, ok := next(steps[0].mode, kept)
		require.True(t, used > 0 || !ok, "a piece consumes something")
		require.LessOrEqual(t, used, len(kept))
		kept = kept[used:]
		if !ok {
			require.Less(t, len(kept), steps[0].mode.Need())
			return false
		}
		require.Equal(t, len(p.Data), cap(p.Data))
		pieces = append(pieces, piece{string(p.Data), p.EOL})
		cut++
		if len(steps) > 1 && cut == steps[0].pieces {
			steps, cut = steps[1:], 0
			s.Reset()
		}
		return true
	}
	for _, packet := range packets {
		kept = append(bytes.Clone(kept), packet...)
		for deliver(s.Next) {
		}
	}
	for deliver(s.Rest) {
	}
	return joined(steps[0].mode, pieces, cut)
}

// joined makes one of the last pieces if they were cut in raw mode.
func joined(m split.Mode, pieces []piece, last int) []piece {
	if m.RecordLength > 0 || m.SingleLine || m.EOL != "" || last == 0 {
		return pieces
	}
	first := len(pieces) - last
	for _, p := range pieces[first+1:] {
		pieces[first].data += p.data
		pieces[first].eol = pieces[first].eol && p.eol
	}
	return pieces[:first+1]
}

// packetsOf cuts a stream into packets of 1 to most octets.
func packetsOf(random *rand.Rand, stream string, most int) (packets [][]byte) {
	for stream != "" {
		n := min(1+random.IntN(most), len(stream))
		packets = append(packets, []byte(stream[:n]))
		stream = stream[n:]
	}
	return packets
}

// ends are line ends with few different octets, so that random streams are
// full of them and of what is nearly one.
var ends = []string{"a", "\r\n", "aa", "ab", "aab", "abab", "\x00", "a\x00", "aabaaa", "\n\r\n", "abaabaab"}

func randomSteps(random *rand.Rand) (steps []step) {
	for range 1 + random.IntN(4) {
		m := split.Mode{MaxLine: 1 + random.IntN(6), EOL: ends[random.IntN(len(ends))]}
		switch random.IntN(4) {
		case 0:
			m.RecordLength = 1 + random.IntN(5)
		case 1:
			m.SingleLine = true
		}
		steps = append(steps, step{m, 1 + random.IntN(4)})
	}
	if random.IntN(4) == 0 {
		steps = append(steps, step{})
	}
	return steps
}

func randomStream(random *rand.Rand) string {
	alphabet := []string{"a\x00", "ab", "ab\r\n", "\r\n", "a\r", "b\n"}[random.IntN(6)]
	stream := make([]byte, random.IntN(60))
	for i := range stream {
		stream[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(stream)
}

func TestPiecesDoNotDependOnPackets(t *testing.T) {
	t.Parallel()
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	for seed := range uint64(rounds) {
		random := rand.New(rand.NewPCG(seed, 0))
		steps, stream := randomSteps(random), randomStream(random)
		packets := packetsOf(random, stream, 1+random.IntN(20))
		want, got := model(steps, stream), real(t, steps, packets)
		require.Equal(t, want, got, "seed %d: %+v\n%q\n%q", seed, steps, stream, packets)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("one\r\ntwo\r\n", "\r\n", 4, 0, false, uint64(1))
	f.Add("one\rtwo\n\r\nthree", "", 3, 0, true, uint64(2))
	f.Add("aaabaabaaab", "aab", 2, 0, false, uint64(3))
	f.Add("0123456789", "", 1, 3, false, uint64(4))
	f.Add("as it comes", "", 1, 0, false, uint64(5))
	f.Fuzz(func(t *testing.T, stream, eol string, maxLine, record int, single bool, seed uint64) {
		maxLine = max(maxLine, 1)
		if len(stream) > 1<<10 || len(eol) > 1<<6 || maxLine > 1<<20 || record > 1<<20 {
			return
		}
		random := rand.New(rand.NewPCG(seed, 0))
		first := step{split.Mode{RecordLength: record, SingleLine: single, EOL: eol, MaxLine: maxLine}, 1 + random.IntN(4)}
		steps := []step{first}
		if raw := record < 1 && !single && eol == ""; !raw {
			steps = append(steps, randomSteps(random)...)
		}
		require.Equal(t, model(steps, stream), real(t, steps, packetsOf(random, stream, 1+random.IntN(20))))
	})
}
