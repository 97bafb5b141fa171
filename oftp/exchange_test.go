package oftp_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cargo is a file with its structure.
type cargo struct {
	name    string
	format  oftp.FileFormat
	record  int
	content []byte
}

// cargoes has a file of each format.
func cargoes() []cargo {
	var lines, records, table bytes.Buffer
	for i := range 300 {
		fmt.Fprintf(&lines, "line %d%s\r\n", i, strings.Repeat(" ", i%70))
		fmt.Fprintf(&records, "%s\r\n", strings.Repeat(string(rune('A'+i%26)), i%80))
		fmt.Fprintf(&table, "%-80d\r\n", i)
	}
	return []cargo{
		{"U", oftp.Unstructured, 0, append(random(3000), calm(3000)...)},
		{"T", oftp.Text, 0, lines.Bytes()},
		{"F", oftp.Fixed, 80, table.Bytes()},
		{"V", oftp.Variable, 80, records.Bytes()},
	}
}

// outbox makes a server send files, each as it is, in its turn.
func outbox(t *testing.T, s *oftp.Server, cargoes ...cargo) {
	t.Helper()
	var paths []string
	for _, c := range cargoes {
		paths = append(paths, writeFile(t, c.name, c.content))
	}
	sent := false
	s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		for i, c := range cargoes {
			if !sent {
				assert.NoError(t, send(e.Connection, paths[i], c))
			}
		}
		sent = true
		assert.NoError(t, e.Connection.Logoff())
	}
}

func send(c *oftp.Connection, path string, file cargo) error {
	if err := c.SetVirtualFileFormat(file.format); err != nil {
		return err
	}
	if err := c.SetMaxRecordSize(file.record); err != nil {
		return err
	}
	return c.SendFile("", path, file.name)
}

// exchange sends files both ways in one session and looks at what arrives.
func exchange(t *testing.T, cargoes []cargo, change func(*oftp.Server, *oftp.Client)) {
	t.Helper()
	hook, atServer := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndTransfer = hook
		outbox(t, s, cargoes...)
		change(s, nil)
	})
	received, atClient := transfers(oftp.FromServer)
	c := session(t, srv, func(c *oftp.Client) {
		c.OnEndTransfer = received
		change(nil, c)
	})
	for _, file := range cargoes {
		require.NoError(t, send(c.Connection(), writeFile(t, file.name, file.content), file), file.name)
		arrived(t, file, await(t, atServer))
	}
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	for _, file := range cargoes {
		arrived(t, file, await(t, atClient))
	}
	require.NoError(t, c.Logoff())
}

func arrived(t *testing.T, want cargo, e oftp.EndTransferEvent) {
	t.Helper()
	assert.Zero(t, e.ReasonCode, e.ReasonText)
	assert.Equal(t, want.name, e.VirtualFileName)
	sameFile(t, want.content, e.LocalFile)
}

func TestEveryVersionCarriesEveryFormatBothWays(t *testing.T) {
	t.Parallel()
	for version := oftp.Version12; version <= oftp.Version20; version++ {
		for _, compression := range []string{"True", "False"} {
			t.Run(fmt.Sprintf("%v compression %s", version, compression), func(t *testing.T) {
				t.Parallel()
				exchange(t, cargoes(), func(s *oftp.Server, c *oftp.Client) {
					if c != nil {
						c.Version = version
						set(t, c, "BufferCompression="+compression)
					}
				})
			})
		}
	}
}

func TestBuffersAndCreditOfAnySize(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{128, 1024, 4096, 99999} {
		for _, credit := range []int{1, 2, 64, 999} {
			t.Run(fmt.Sprintf("buffer %d credit %d", buffer, credit), func(t *testing.T) {
				t.Parallel()
				n := min(buffer*5, 64<<10)
				exchange(t, []cargo{
					{name: "NOISE", content: random(n)},
					{name: "CALM", content: calm(n)},
					{name: "JUST", content: random(buffer)},
				}, func(s *oftp.Server, c *oftp.Client) {
					if s != nil {
						set(t, s, fmt.Sprintf("ExchangeBufferSize=%d", buffer))
					} else {
						set(t, c, fmt.Sprintf("CreditCount=%d", credit))
					}
				})
			})
		}
	}
}

func TestSizesAroundTheEdges(t *testing.T) {
	t.Parallel()
	const buffer = 1024
	sizes := []int{0, 1, 62, 63, 64, 126, 127, 1006, 1007, 1008, 1023, 1024, 1025, 2047, 2048, 2049, 1 << 20}
	for name, make := range map[string]func(int) []byte{"random": random, "calm": calm} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []cargo
			for _, n := range sizes {
				all = append(all, cargo{name: fmt.Sprintf("SIZE%d", n), content: make(n)})
			}
			exchange(t, all, func(s *oftp.Server, c *oftp.Client) {
				if s != nil {
					set(t, s, fmt.Sprintf("ExchangeBufferSize=%d", buffer))
				}
			})
		})
	}
}

func TestSomeMebibytes(t *testing.T) {
	t.Parallel()
	exchange(t, []cargo{
		{name: "NOISE", content: random(3 << 20)},
		{name: "CALM", content: calm(4<<20 + 1)},
	}, func(*oftp.Server, *oftp.Client) {})
}

func TestEmptyAndUnfinishedRecords(t *testing.T) {
	t.Parallel()
	exchange(t, []cargo{
		{"EMPTYT", oftp.Text, 0, nil},
		{"EMPTYF", oftp.Fixed, 10, nil},
		{"EMPTYV", oftp.Variable, 10, nil},
		{"BLANK", oftp.Variable, 10, []byte("\r\n\r\n\r\n")},
		{"LONG", oftp.Variable, 2000, append(bytes.Repeat([]byte{'z'}, 2000), "\r\n"...)},
	}, func(s *oftp.Server, c *oftp.Client) {
		if s != nil {
			set(t, s, "ExchangeBufferSize=128")
		}
	})
}

func TestRecordSeparators(t *testing.T) {
	t.Parallel()
	cases := []struct {
		separator string
		format    oftp.FileFormat
		sent, got string // the server stores with CRLF
	}{
		{"LF", oftp.Fixed, "abc\ndef\n", "abc\r\ndef\r\n"},
		{"None", oftp.Fixed, "abcdef", "abc\r\ndef\r\n"},
		{"LF", oftp.Variable, "a\n\ndef\n", "a\r\n\r\ndef\r\n"},
		{"CRLF", oftp.Variable, "a\r\nbc", "a\r\nbc\r\n"},
	}
	for _, row := range cases {
		t.Run(fmt.Sprint(row.separator, row.format), func(t *testing.T) {
			t.Parallel()
			hook, ends := transfers(oftp.FromClient)
			srv := newServer(t, func(s *oftp.Server) { s.OnEndTransfer = hook })
			c := session(t, srv, nil)
			id := c.Connection().ConnectionID()
			set(t, c, "RecordSeparator["+id+"]="+row.separator)
			file := cargo{"REC", row.format, 3, []byte(row.sent)}
			require.NoError(t, send(c.Connection(), writeFile(t, "rec", file.content), file))
			sameFile(t, []byte(row.got), await(t, ends).LocalFile)
		})
	}
}

func TestAFileSaysWhatItIs(t *testing.T) {
	t.Parallel()
	type facts struct{ name, date, description, format, record string }
	seen := make(chan facts, 1)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "VirtualFileDateFormat=yyyyMMddHHmmssffff")
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
			fact := func(name string) string {
				value, err := s.Config(name + "[" + e.ConnectionID + "]")
				assert.NoError(t, err)
				return value
			}
			seen <- facts{
				fact("ReceivedFileName"), fact("ReceivedFileDateTime"), fact("ReceivedFileDescription"),
				fmt.Sprint(e.Connection.VirtualFileFormat()), fmt.Sprint(e.Connection.MaxRecordSize()),
			}
		}
	})
	c := session(t, srv, nil)
	conn := c.Connection()
	set(t, c, "FileDescription["+conn.ConnectionID()+"]=Prüfbericht")
	require.NoError(t, conn.SetVirtualFileDate("202403151407330042"))
	assert.Equal(t, "03/15/2024 14:07:33", conn.VirtualFileDate())
	require.NoError(t, send(conn, writeFile(t, "x", []byte("abc\r\n")), cargo{"A (1)-B&C.D", oftp.Fixed, 3, nil}))
	assert.Equal(t, facts{"A (1)-B&C.D", "202403151407330042", "Prüfbericht", "2", "3"}, await(t, seen))
	assert.Empty(t, conn.VirtualFileDate(), "the date is used up")
}

func TestAReceivedFileDoesNotChangeHowFilesAreSent(t *testing.T) {
	t.Parallel()
	formats := make(chan oftp.FileFormat, 2)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			formats <- e.Connection.VirtualFileFormat()
			assert.NoError(t, e.Connection.SendFile("", writeFile(t, "binary", random(5000)), "BINARY"))
			assert.NoError(t, e.Connection.Logoff())
		}
	})
	hook, ends := transfers(oftp.FromServer)
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	require.NoError(t, send(c.Connection(), writeFile(t, "x", []byte("abc\r\n")), cargo{"V", oftp.Variable, 10, nil}))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	assert.Equal(t, oftp.Unstructured, await(t, formats), "the V file that came before does not count")
	sameFile(t, random(5000), await(t, ends).LocalFile)
	assert.Equal(t, oftp.Variable, c.Connection().VirtualFileFormat())
}

func TestNamesOfReceivedFiles(t *testing.T) {
	t.Parallel()
	cases := []struct{ pattern, name, want string }{
		{"%VirtualFileName%", "PLAIN", "PLAIN"},
		{"%VirtualFileName%", "../../ETC/PASSWD", "_._.._ETC_PASSWD"},
		{"%Originator%_%VirtualFileName%", "X", clientCode + "_X"},
		{"%Destination%/%VirtualFileDate:yyyyMMdd%-%VirtualFileName%", "Y", serverCode + "/20240315-Y"},
		{"%virtualfiledate:ffff%", "Z", "0042"},
		{"100%%", "Z", "100%"},
	}
	for _, row := range cases {
		t.Run(row.pattern+" "+row.name, func(t *testing.T) {
			t.Parallel()
			inbox := t.TempDir()
			hook, ends := transfers(oftp.FromClient)
			srv := newServer(t, func(s *oftp.Server) {
				set(t, s, "ReceivedFileNameFormat="+row.pattern)
				s.OnEndTransfer = hook
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
			})
			c := session(t, srv, nil)
			require.NoError(t, c.Connection().SetVirtualFileDate("202403151407330042"))
			require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("f")), row.name))
			e := await(t, ends)
			assert.Equal(t, filepath.Join(inbox, filepath.FromSlash(row.want)), e.LocalFile)
			sameFile(t, []byte("f"), e.LocalFile)
		})
	}
}

func TestAVirtualNameIsMadeOfTheFileName(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) { s.OnEndTransfer = hook })
	c := session(t, srv, nil)
	require.NoError(t, c.SendFile("", writeFile(t, "Türe links, with a long name.model", nil), ""))
	assert.Equal(t, "T-RE-LINKS--WITH-A-LONG-NA", await(t, ends).VirtualFileName)
}

func TestEachFileHasAStampOfItsOwn(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "VirtualFileDateFormat=yyyyMMddHHmmssffff", "ReceivedFileNameFormat=%VirtualFileDate%")
		s.OnEndTransfer = hook
	})
	c := session(t, srv, nil)
	path, seen := writeFile(t, "f", nil), map[string]bool{}
	for range 50 {
		require.NoError(t, c.SendFile("", path, "SAME"))
		date := await(t, ends).VirtualFileDate
		assert.False(t, seen[date], date)
		seen[date] = true
	}
}

func TestNothingIsLeftBesideReceivedFiles(t *testing.T) {
	t.Parallel()
	inbox := t.TempDir()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
	})
	c := session(t, srv, nil)
	for _, file := range cargoes() {
		require.NoError(t, send(c.Connection(), writeFile(t, "f", file.content), file))
	}
	require.NoError(t, c.Logoff())
	entries, err := os.ReadDir(inbox)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"F", "T", "U", "V"}, names)
}
