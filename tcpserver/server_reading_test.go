package tcpserver

import (
	"bytes"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/park"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ways in which a client reaches a server.
var serverWays = map[string]func(t *testing.T, srv *Server) (*peer, *Connection, *journal){
	"TCP": func(t *testing.T, srv *Server) (*peer, *Connection, *journal) {
		t.Helper()
		j := serve(t, srv)
		p, c := met(t, srv, j)
		return p, c, j
	},
	"TLS": func(t *testing.T, srv *Server) (*peer, *Connection, *journal) {
		t.Helper()
		srv.SSLEnabled, srv.SSLCert = true, ecServer()
		j := serve(t, srv)
		p := dialTLS(t, srv.core, nil)
		j.expect(t, "Connected", "ReadyToSend")
		return p, j.last().conn, j
	},
}

// A packet is what a client sends at once, and the events that follow from it.
type packet struct {
	say  string
	want []string
}

// in makes a packet; then are the octets of the DataIn that follow, with a + at
// the end when EOL is false.
func in(say string, then ...string) packet {
	p := packet{say: say}
	for _, octets := range then {
		if part, ok := strings.CutSuffix(octets, "+"); ok {
			p.want = append(p.want, "DataIn "+strconv.Quote(part)+"+")
		} else {
			p.want = append(p.want, "DataIn "+strconv.Quote(octets))
		}
	}
	return p
}

func lines(eol string) func(*Server) {
	return func(srv *Server) { srv.DefaultEOL, srv.DefaultMaxLineLength = eol, minLineLength }
}

func singleLines(srv *Server) {
	srv.DefaultSingleLineMode, srv.DefaultMaxLineLength, srv.DefaultEOL = true, minLineLength, "x"
}

func records(n int) func(*Server) {
	return func(srv *Server) {
		srv.OnConnected = func(e *ConnectedEvent) { _ = e.Connection.ChangeRecordLength(n) }
	}
}

var (
	y256 = strings.Repeat("y", minLineLength)
	y255 = y256[1:]
)

// cuttings are conversations; at the end the client says goodbye.
var cuttings = []struct {
	name    string
	setup   func(*Server)
	packets []packet
	rest    []string // what comes before Disconnected
}{
	{"raw", nil, []packet{in("abc", "abc"), in("\r\n", "\r\n"), in("\x00", "\x00")}, nil},

	{"CRLF", lines("\r\n"), []packet{in("one\r\ntwo\r\n", "one", "two"), in("\r\n\r\n", "", "")}, nil},
	{"CRLF in two packets", lines("\r\n"), []packet{in("a\r\none\r", "a"), in("\ntwo\r\n", "one", "two")}, nil},
	{"CR alone is no CRLF", lines("\r\n"), []packet{in("a\rb\nc\r\r\n", "a\rb\nc\r")}, nil},
	{"NUL", lines("\x00"), []packet{in("a\x00\x00b\x00", "a", "", "b")}, nil},
	{"NULs", lines("\x00\x00"), []packet{in("a\x00b\x00\x00\x00", "a\x00b"), in("\x00c\x00\x00", "", "c")}, nil},
	{"several octets", lines("<end>"), []packet{in("a<end>b<e", "a"), in("nd>c<en<end>", "b", "c<en")}, nil},
	{"octets that are no text", lines("\xff\xfe"), []packet{in("\xff\xff\xfea\xff\xfe", "\xff", "a")}, nil},
	{"an end that overlaps itself", lines("aab"), []packet{in("aaab", "a"), in("aaaaab", "aaa")}, nil},
	{"the first of overlapping ends counts", lines("abab"), []packet{in("xababab", "x"), in("ab", "")}, nil},
	{"an end of equal octets", lines("--"), []packet{in("a---b--", "a", "-b"), in("----", "", "")}, nil},

	{"a line of MaxLineLength", lines("\n"), []packet{in(y256+"\n", y256), in("z\n", "z")}, nil},
	{"a line one longer", lines("\n"), []packet{in(y256+"z\n", y256+"+", "z")}, nil},
	{"many times as long", lines("\n"), []packet{in(y256+y256+y256+"\n", y256+"+", y256+"+", y256)}, nil},
	{"MaxLineLength and a long end", lines("\r\n"), []packet{in(y256+"\r\n", y256), in(y256+"\r\r\n", y256+"+", "\r")}, nil},
	{"half an end behind MaxLineLength", lines("\r\n"), []packet{in("a\r\n"+y256+"\r", "a"), in("\n", y256)}, nil},
	{"half an end that is none", lines("\r\n"), []packet{in("a\r\n"+y256+"\r", "a"), in("z\r\n", y256+"+", "\rz")}, nil},
	{"an end across MaxLineLength", lines("\r\n"), []packet{in(y255+"\r\nz\r\n", y255, "z")}, nil},

	{"CR, LF and CRLF", singleLines, []packet{in("a\rb\nc\r\nxd\n", "a", "b", "c", "xd")}, nil},
	{"CR and LF in two packets", singleLines, []packet{in("a\r", "a"), in("\nb\r", "b"), in("\n\nc\n", "", "c")}, nil},
	{"CR and no LF", singleLines, []packet{in("a\r", "a"), in("b\r", "b"), in("\r\n", "")}, nil},
	{"LF and CR are two", singleLines, []packet{in("a\n\rb\r", "a", "", "b")}, nil},
	{"a single line of MaxLineLength", singleLines, []packet{in(y256+"\r", y256), in("\n"+y256+"z\r\n", y256+"+", "z")}, nil},

	{"records", records(4), []packet{in("abcdef", "abcd"), in("ghijklmn", "efgh", "ijkl"), in("\r\n", "mn\r\n")}, nil},
	{"records of one octet", records(1), []packet{in("abc", "a", "b", "c")}, nil},

	{"the rest of a line", lines("\n"), []packet{in("a\nbc", "a")}, []string{`DataIn "bc"+`}},
	{"the rest with half an end", lines("\r\n"), []packet{in("a\r\nbc\r", "a")}, []string{`DataIn "bc\r"+`}},
	{"the rest of a long line", lines("\r\n"), []packet{in("a\r\n"+y256+"\r", "a")}, []string{`DataIn "` + y256 + `"+`, `DataIn "\r"+`}},
	{"the rest of a single line", singleLines, []packet{in("a\r\nbc", "a")}, []string{`DataIn "bc"+`}},
	{"no rest behind a CR", singleLines, []packet{in("a\r", "a"), in("\n")}, nil},
	{"part of a record", records(4), []packet{in("abcdef", "abcd")}, []string{"Error 10054"}},
}

func TestServerCutsData(t *testing.T) {
	t.Parallel()
	for way, reach := range serverWays {
		for _, c := range cuttings {
			t.Run(way+" "+c.name, func(t *testing.T) {
				t.Parallel()
				srv := NewServer()
				if c.setup != nil {
					c.setup(srv)
				}
				p, _, j := reach(t, srv)
				for _, packet := range c.packets {
					p.say(packet.say)
					j.expect(t, packet.want...)
				}
				require.NoError(t, p.Close())
				j.expect(t, append(c.rest, "Disconnected")...)
				j.silent(t)
			})
		}
	}
}

func TestServerCutsOctetsAsItCutsPackets(t *testing.T) {
	t.Parallel()
	for _, c := range cuttings[1:] { // in raw mode the pieces are the packets
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			c.setup(srv)
			p, _, j := serverWays["TCP"](t, srv)
			var want []string
			for _, packet := range c.packets {
				for i := range len(packet.say) {
					p.say(packet.say[i : i+1])
				}
				want = append(want, packet.want...)
			}
			require.NoError(t, p.Close())
			j.expect(t, append(append(want, c.rest...), "Disconnected")...)
		})
	}
}

func TestServerDeliversWhatCameBeforeAReset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setup func(*Server)
		say   string
		came  string
		rest  string
	}{
		{"line", lines("\n"), "one\nrest", `DataIn "one"`, `DataIn "rest"+`},
		{"single line", singleLines, "one\rrest", `DataIn "one"`, `DataIn "rest"+`},
		{"record", records(3), "onere", `DataIn "one"`, "Error 10054"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			c.setup(srv)
			p, _, j := serverWays["TCP"](t, srv)
			p.say(c.say)
			j.expect(t, c.came)
			p.reset()
			j.expect(t, c.rest, "Disconnected 10054")
			j.silent(t)
		})
	}
}

func TestServerTellsHowMuchOfARecordCame(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	records(100)(srv)
	p, c, j := serverWays["TCP"](t, srv)
	p.say("only this")
	require.NoError(t, p.Close())
	e := j.expect(t, "Error 10054")
	assert.Equal(t, c.ConnectionID(), e.id)
	assert.Same(t, c, e.conn)
	assert.Contains(t, e.text, "9 of the 100 octets")
	j.expect(t, "Disconnected")
}

// noise is n octets without any of those given.
func noise(n int, without string) []byte {
	random := rand.NewChaCha8([32]byte{byte(n)})
	data := make([]byte, n)
	_, _ = random.Read(data)
	for i, b := range data {
		if strings.IndexByte(without, b) >= 0 {
			data[i] = '.'
		}
	}
	return data
}

func TestServerDeliversLargePieces(t *testing.T) {
	t.Parallel()
	const large = 3<<20 + 321
	data := noise(large, "\r\n")
	after := noise(70_000, "\r\n")
	eol := func(eol string, single bool) func(*Connection) error {
		return func(c *Connection) error {
			c.SetSingleLineMode(single)
			return c.SetEOL(eol)
		}
	}
	cases := map[string]struct {
		mode func(*Connection) error
		say  [][]byte
		want [][]byte
	}{
		"a line":        {eol("\r\n", false), [][]byte{data, []byte("\r\n"), after, []byte("\r\n")}, [][]byte{data, after}},
		"a single line": {eol("", true), [][]byte{data, []byte("\r\n"), after, []byte("\n")}, [][]byte{data, after}},
		"a record": {
			func(c *Connection) error { return c.ChangeRecordLength(large) },
			[][]byte{data, data[:1000], data[1000:]},
			[][]byte{data, data},
		},
		"records that a read does not hold": {
			func(c *Connection) error { return c.ChangeRecordLength(PushBuffer + 1) },
			[][]byte{data[:10*(PushBuffer+1)]},
			func() (all [][]byte) {
				for i := range 10 {
					all = append(all, data[i*(PushBuffer+1):(i+1)*(PushBuffer+1)])
				}
				return all
			}(),
		},
	}
	for way, reach := range serverWays {
		for name, c := range cases {
			t.Run(way+" "+name, func(t *testing.T) {
				t.Parallel()
				srv := NewServer()
				srv.DefaultMaxLineLength = large
				srv.OnConnected = func(e *ConnectedEvent) { assert.NoError(t, c.mode(e.Connection)) }
				p, _, j := reach(t, srv)
				for _, part := range c.say {
					_, err := p.Write(part)
					require.NoError(t, err)
				}
				for i, want := range c.want {
					got := j.next(t)
					require.Equal(t, "DataIn", got.name)
					require.True(t, got.eol)
					require.True(t, string(want) == got.text, "piece %d of %d octets is another of %d", i, len(want), len(got.text))
				}
				require.NoError(t, p.Close())
				j.expect(t, "Disconnected")
			})
		}
	}
}

func TestServerRawDataIsWhole(t *testing.T) {
	t.Parallel()
	data := noise(4<<20+99, "")
	for way, reach := range serverWays {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer // of the connection's handlers
			srv := NewServer()
			srv.OnDataIn = func(e *DataInEvent) {
				assert.True(t, e.EOL)
				assert.Len(t, e.TextB, cap(e.TextB), "a handler that appends must not write over what follows")
				got.Write(e.TextB)
			}
			p, _, j := reach(t, srv)
			_, err := p.Write(data)
			require.NoError(t, err)
			require.NoError(t, p.Close())
			j.until(t, "Disconnected")
			assert.True(t, bytes.Equal(data, got.Bytes()), "%d octets of %d", got.Len(), len(data))
		})
	}
}

// A line that comes octet by octet must not be searched or copied from its
// beginning for each of them: of a mebibyte that would be half a tebibyte.
func TestServerTakesALongLineOctetByOctet(t *testing.T) {
	t.Parallel()
	line := noise(1<<20, "\n")
	if raceDetector {
		line = line[:1<<13] // the search for races is what takes long then
	}
	srv := NewServer()
	srv.DefaultEOL, srv.DefaultMaxLineLength = "\n", len(line)
	srv.OnConnected = func(e *ConnectedEvent) {
		conn := e.Connection.conn
		conn.raw = &trickle{Conn: conn.raw.(park.Conn), left: append(bytes.Clone(line), '\n')}
	}
	srv.OnReadyToSend = func(e *ReadyToSendEvent) {
		// Reading belongs to the goroutine that is here. A packet for each octet
		// would take the network too long.
		began := time.Now()
		for range len(line) + 1 {
			assert.NoError(t, e.Connection.conn.receive())
		}
		if !raceDetector {
			assert.Less(t, time.Since(began), 10*time.Second, "it takes a tenth of a second; searched again each time, 14")
		}
	}
	p, _, j := serverWays["TCP"](t, srv)
	got := j.next(t)
	assert.True(t, got.eol)
	assert.True(t, string(line) == got.text, "a line of %d octets is another of %d", len(line), len(got.text))
	p.say("and on\n")
	j.expect(t, `DataIn "and on"`)
}

// A trickle is a connection from which octets come one at a time.
type trickle struct {
	park.Conn
	left []byte
}

func (s *trickle) TryRead(p []byte) (int, error) {
	if len(s.left) == 0 {
		return s.Conn.TryRead(p)
	}
	p[0], s.left = s.left[0], s.left[1:]
	return 1, nil
}

func TestServerTextIsOfTheCodePage(t *testing.T) {
	t.Parallel()
	for page, c := range map[string]struct{ octets, text string }{
		"65001": {"gr\xc3\xbc\xc3\x9f", "grüß"},
		"1252":  {"\x80 100, gr\xfc\xdf", "€ 100, grüß"},
		"037":   {"\xc1\xc2\xc3 \x5a\xf1", "ABC\u0080!1"},
		"1200":  {"a\x00\xac\x20", "a€"},
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			srv, texts := NewServer(), make(chan string, 1)
			set(t, srv, "CodePage="+page)
			srv.OnDataIn = func(e *DataInEvent) {
				text := e.Text()
				clear(e.TextB) // the text is the program's own
				texts <- text
			}
			p, _, _ := serverWays["TCP"](t, srv)
			p.say(c.octets)
			assert.Equal(t, c.text, receive(t, texts, "DataIn"))
		})
	}
}

func TestServerCodePageChangesAtOnce(t *testing.T) {
	t.Parallel()
	srv, texts := NewServer(), make(chan string, 1)
	srv.OnDataIn = func(e *DataInEvent) { texts <- e.Text() }
	p, _, _ := serverWays["TCP"](t, srv)
	p.say("\xe4")
	assert.Equal(t, "\xe4", receive(t, texts, "DataIn"), "UTF-8 keeps octets that are none")
	set(t, srv, "CodePage=1252")
	p.say("\xe4")
	assert.Equal(t, "ä", receive(t, texts, "DataIn"))
}

func TestServerConnectionFields(t *testing.T) {
	t.Parallel()
	for way, reach := range serverWays {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.DefaultTimeout, srv.DefaultIdleTimeout = 7*time.Second, 90*time.Second
			srv.DefaultEOL, srv.DefaultMaxLineLength, srv.DefaultSingleLineMode = "\x00;", 300, true
			p, c, j := reach(t, srv)
			local, remote := p.RemoteAddr().(*net.TCPAddr), p.LocalAddr().(*net.TCPAddr)
			facts := func() []any {
				return []any{
					c.ConnectionID(), c.LocalAddress(), c.RemoteHost(), c.RemotePort(), c.SSLEnabled(),
					c.Timeout(), c.IdleTimeout(), c.EOL(), c.MaxLineLength(), c.SingleLineMode(), c.RecordLength(),
					c.AcceptData(), c.BytesSent(), c.UserData(),
				}
			}
			_, secure := p.Conn.(*tls.Conn)
			want := []any{
				j.last().id, local.IP.String(), remote.IP.String(), remote.Port, secure,
				7 * time.Second, 90 * time.Second, "\x00;", 300, true, 0,
				true, 0, nil,
			}
			assert.Equal(t, want, facts())
			assert.True(t, c.Connected())
			assert.True(t, c.ReadyToSend())

			found, ok := srv.Connection(c.ConnectionID())
			assert.True(t, ok)
			assert.Same(t, c, found)
			for each := range srv.Connections() {
				assert.Same(t, c, each)
			}

			require.NoError(t, p.Close())
			last := j.expect(t, "Disconnected")
			assert.Same(t, c, last.conn)
			assert.Equal(t, "OK", last.text)
			assert.Equal(t, want, facts(), "getters tell what was")
			assert.False(t, c.Connected())
			assert.False(t, c.ReadyToSend())
		})
	}
}

func TestServerConnectionFieldsChange(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	_, c, _ := serverWays["TCP"](t, srv)
	c.SetTimeout(3 * time.Second)
	c.SetIdleTimeout(time.Minute)
	require.NoError(t, c.SetEOL("\x00"))
	require.NoError(t, c.SetMaxLineLength(1<<20))
	c.SetSingleLineMode(true)
	require.NoError(t, c.ChangeRecordLength(12))
	assert.Equal(t, 3*time.Second, c.Timeout())
	assert.Equal(t, time.Minute, c.IdleTimeout())
	assert.Equal(t, "\x00", c.EOL())
	assert.Equal(t, 1<<20, c.MaxLineLength())
	assert.True(t, c.SingleLineMode())
	assert.Equal(t, 12, c.RecordLength())

	value, err := srv.Config("IdleTimeout[" + c.ConnectionID() + "]")
	require.NoError(t, err)
	assert.Equal(t, "60", value)

	c.SetTimeout(-time.Second)
	c.SetIdleTimeout(-time.Second)
	assert.Zero(t, c.Timeout(), "negative is none")
	assert.Zero(t, c.IdleTimeout())

	for what, err := range map[string]error{
		"EOL":           c.SetEOL(strings.Repeat("x", maxEOL+1)),
		"short lines":   c.SetMaxLineLength(minLineLength - 1),
		"long lines":    c.SetMaxLineLength(maxLineLength + 1),
		"a record < 0":  c.ChangeRecordLength(-1),
		"a long record": c.ChangeRecordLength(maxLineLength + 1),
	} {
		assert.Equal(t, 10022, code(t, err), what)
	}
	assert.Equal(t, "\x00", c.EOL())
	assert.Equal(t, 1<<20, c.MaxLineLength())
	assert.Equal(t, 12, c.RecordLength())
}

func TestServerUserData(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.DefaultEOL = "\n"
	srv.OnConnected = func(e *ConnectedEvent) { e.Connection.SetUserData(new(int)) }
	srv.OnDataIn = func(e *DataInEvent) {
		count := e.Connection.UserData().(*int)
		*count++
		_, _ = e.Connection.SendText(strconv.Itoa(*count) + "\n")
	}
	one, first, j := serverWays["TCP"](t, srv)
	two := dial(t, srv.core)
	for range 3 {
		one.say("more\n")
	}
	two.say("more\n")
	one.hear("1\n")
	one.hear("2\n")
	one.hear("3\n")
	two.hear("1\n")
	require.NoError(t, one.Close())
	for j.until(t, "Disconnected").conn != first {
	}
	assert.Equal(t, 3, *first.UserData().(*int), "also after the end")
}
