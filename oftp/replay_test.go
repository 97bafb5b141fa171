package oftp_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The sessions in testdata/replay were recorded between other implementations.
// A [peer] plays one side of them, octet for octet, against a server or client of
// this package, and compares what that sends with what the other side sent.
// The two must be equal, except by these rules:
//
//   - Texts that are this package's own (of ESID and SFNA) may be others; the
//     codes must be equal.
//   - A carriage return may stand for the line feed of another implementation.
//   - Some implementations end the session as soon as they have nothing to
//     send. This package gives the turn back then, as RFC 5024 has it, and the
//     player ends the session.
//   - Empty stream transmission buffers are not expected of this package.
//
// The passwords, buffer sizes and all else that has to be agreed are taken from
// the recording.

// side is who sends a line of a recording.
type side byte

const (
	initiator side = '>'
	responder side = '<'
)

// A recording is a recorded session.
type recording []event

// An event is a line of a recording.
type event struct {
	from   side
	octets string // a command, or the beginning of the first of several DATA
	word   string // DATA, EMPTY, EOF; "" for a command

	count, size, carry int // of DATA
}

func (e event) String() string { return fmt.Sprintf("%c %s %q", e.from, e.word, e.octets) }

// is reports whether the event is a command of a kind.
func (e event) is(id oftpwire.ID) bool {
	return e.word == "" && e.octets[0] == byte(id)
}

func load(t testing.TB, name string) recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "replay", name+".txt"))
	require.NoError(t, err)
	var r recording
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			r = append(r, parseEvent(t, line))
		}
	}
	return r
}

func parseEvent(t testing.TB, line string) event {
	t.Helper()
	e := event{from: side(line[0])}
	rest, quoted, found := strings.Cut(line[2:], `"`)
	if found {
		var err error
		e.octets, err = strconv.Unquote(`"` + quoted)
		require.NoError(t, err, line)
	}
	fields := strings.Fields(rest)
	if len(fields) > 0 {
		e.word = fields[0]
	}
	if e.word == "DATA" {
		_, err := fmt.Sscan(strings.Join(fields[1:], " "), &e.count, &e.size, &e.carry)
		require.NoError(t, err, line)
	}
	return e
}

// ssid is what a side of the recording said of itself.
func (r recording) ssid(t *testing.T, from side) oftpwire.SSID {
	t.Helper()
	for _, e := range r {
		if e.from == from && e.is(oftpwire.IDSSID) {
			cmd, err := oftpwire.Parse(oftpwire.Level20, []byte(e.octets))
			require.NoError(t, err)
			return cmd.(oftpwire.SSID)
		}
	}
	return oftpwire.SSID{}
}

// contents are the files that the sessions carried.
var contents = map[string][]byte{
	"TEXT.TXT":   numbers(20000),
	"DATA22":     numbers(20000),
	"HELLO":      []byte("HELLO OFTP"),
	"RND.BIN":    noise(300000),
	"FROMSERVER": noise(300000),
}

func numbers(n int) []byte {
	var b []byte
	for i := range n {
		b = append(strconv.AppendInt(b, int64(i+1), 10), '\n')
	}
	return b
}

func noise(n int) []byte {
	source := rand.NewPCG(1, 2)
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(source.Uint64())
	}
	return b
}

// A player plays one side of a recording.
type player struct {
	*peer
	left []byte // of the file on its way
}

// play plays one side of a recording against this package, and sees the
// connection closed at the end.
func (p *peer) play(r recording, as side) {
	p.t.Helper()
	p.playSome(r, as)
	p.hangUp()
}

// playSome is play for the beginning of a session.
func (p *peer) playSome(r recording, as side) {
	p.t.Helper()
	pl := player{peer: p}
	for _, e := range r {
		pl.follow(e)
		if e.from == as {
			pl.act(e)
		} else if over := pl.expect(e); over {
			return
		}
	}
}

// follow keeps track of the level and of the file on its way.
func (p *player) follow(e event) {
	p.t.Helper()
	switch {
	case e.is(oftpwire.IDSSID):
		p.level = oftpwire.Lower(p.level, oftpwire.Level(e.octets[1]-'0'))
	case e.is(oftpwire.IDSFID):
		p.left = contents[strings.TrimSpace(e.octets[1:27])]
	case e.is(oftpwire.IDSFPA):
		blocks, err := strconv.Atoi(e.octets[1:])
		require.NoError(p.t, err)
		p.left = p.left[blocks*1024:]
	}
}

// act plays a line of our side.
func (p *player) act(e event) {
	p.t.Helper()
	if e.word == "EOF" {
		p.closeHalf()
		return
	}
	p.write(p.wire(e))
}

// wire is a line of our side as it was on the wire.
func (p *player) wire(e event) (octets []byte) {
	p.t.Helper()
	switch e.word {
	case "DATA":
		for _, b := range p.buffers(e) {
			octets = append(octets, framed(b)...)
		}
		return octets
	case "EMPTY":
		return framed(nil)
	}
	return framed([]byte(e.octets))
}

// expect sees this package do what the recording has; over means that the
// session has ended differently.
func (p *player) expect(e event) (over bool) {
	p.t.Helper()
	switch e.word {
	case "DATA":
		for i, b := range p.buffers(e) {
			got, err := p.read()
			require.NoError(p.t, err)
			require.True(p.t, bytes.Equal(b, got), "buffer %d of %v", i, e)
		}
	case "EMPTY", "EOF":
	default:
		got, err := p.read()
		require.NoError(p.t, err, "%v was due", e)
		return p.compare(e, got)
	}
	return false
}

// compare holds a command of this package against the recorded one, by the rules
// above.
func (p *player) compare(e event, got []byte) (over bool) {
	p.t.Helper()
	recorded := []byte(e.octets)
	switch {
	case e.is(oftpwire.IDESID) && string(got) == "R":
		assert.Equal(p.t, "00", e.octets[1:3], "only a normal end may come as a change of direction")
		p.send(oftpwire.ESID{})
		return true
	case e.is(oftpwire.IDSSID):
		recorded = bytes.Replace(recorded, []byte("\n"), []byte("\r"), 1)
	case e.is(oftpwire.IDESID):
		recorded, got = recorded[:3], got[:min(len(got), 3)]
	case e.is(oftpwire.IDSFNA):
		recorded, got = recorded[:4], got[:min(len(got), 4)]
	}
	require.Equal(p.t, string(recorded), string(got))
	return false
}

// buffers returns the DATA of an event, made from the content of the file.
func (p *player) buffers(e event) [][]byte {
	p.t.Helper()
	var all [][]byte
	for range e.count {
		all = append(all, p.buffer(e))
	}
	require.True(p.t, bytes.HasPrefix(all[0], []byte(e.octets)), "%v: the content differs from the recorded one", e)
	return all
}

// buffer fills one buffer. What the Go client's leave empty is filled up; see the
// README.
func (p *player) buffer(e event) []byte {
	p.t.Helper()
	n := min(e.carry, len(p.left))
	part := p.left[:n]
	p.left = p.left[n:]
	last := len(p.left) == 0
	b, _, done := oftpwire.AppendRecord([]byte{byte(oftpwire.IDDATA)}, e.size, part, last, false)
	require.True(p.t, done, "%v: %d octets do not fit", e, n)
	if !last {
		b = append(b, make([]byte, e.size-len(b))...)
	}
	return b
}
