package oftp_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newInbox returns a server and the folder that its received files go to.
func newInbox(t *testing.T, change func(*oftp.Server)) (srv *oftp.Server, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "inbox")
	return newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(dir) }
		if change != nil {
			change(s)
		}
	}), dir
}

// The end of a file must fit what came before. Where live senders count wrongly,
// the server is lenient unless it is told not to be.
func TestFileEnds(t *testing.T) {
	t.Parallel()
	lenient, dir := newInbox(t, nil)
	strict, strictDir := newInbox(t, func(s *oftp.Server) {
		_, err := s.Config("StrictFileCounts=True")
		require.NoError(t, err)
	})
	const long = "more than the sixty-three octets that one subrecord can hold, which is the most of all"
	for name, c := range map[string]struct {
		format  oftpwire.Format
		record  int
		payload []string // of DATA
		end     oftpwire.EFID

		lenient, strict int    // reason of EFNA, 0 for EFPA
		stored          string // on disk
	}{
		"U":                         {format: 'U', payload: []string{"\x83abc"}, end: oftpwire.EFID{Octets: 3}, stored: "abc"},
		"U without end of record":   {format: 'U', payload: []string{"\x03abc"}, end: oftpwire.EFID{Octets: 3}, stored: "abc"},
		"U with ends between":       {format: 'U', payload: []string{"\x81a\x81b", "\x81c"}, end: oftpwire.EFID{Octets: 3}, stored: "abc"},
		"U with an octet too few":   {format: 'U', payload: []string{"\x83abc"}, end: oftpwire.EFID{Octets: 4}, lenient: 11, strict: 11},
		"U with an octet too many":  {format: 'U', payload: []string{"\x83abc"}, end: oftpwire.EFID{Octets: 2}, lenient: 11, strict: 11},
		"U with records":            {format: 'U', payload: []string{"\x83abc"}, end: oftpwire.EFID{Records: 1, Octets: 3}, strict: 10, stored: "abc"},
		"U without DATA":            {format: 'U', stored: ""},
		"U, empty, with a DATA":     {format: 'U', payload: []string{"\x80"}, stored: ""},
		"U, DATA without content":   {format: 'U', payload: []string{""}, stored: ""},
		"U without the DATA it had": {format: 'U', end: oftpwire.EFID{Octets: 3}, lenient: 11, strict: 11},
		"U of empty subrecords":     {format: 'U', payload: []string{"\x00\x00\x00", "\x00\x83abc\x00"}, end: oftpwire.EFID{Octets: 3}, stored: "abc"},
		"U, compressed":             {format: 'U', payload: []string{"\x43A\x82bc\x40x"}, end: oftpwire.EFID{Octets: 5}, stored: "AAAbc"},
		"T as accord counts":        {format: 'T', payload: []string{"\x8ELINE1\r\nLINE2\r\n"}, end: oftpwire.EFID{Octets: 12}, strict: 11, stored: "LINE1\r\nLINE2\r\n"},
		"T":                         {format: 'T', payload: []string{"\x8ELINE1\r\nLINE2\r\n"}, end: oftpwire.EFID{Octets: 14}, stored: "LINE1\r\nLINE2\r\n"},
		"F as accord ends records":  {format: 'F', record: 3, payload: []string{"\x86abcdef"}, end: oftpwire.EFID{Records: 2, Octets: 6}, stored: "abc\r\ndef\r\n"},
		"F":                         {format: 'F', record: 3, payload: []string{"\x83abc\x83def"}, end: oftpwire.EFID{Records: 2, Octets: 6}, stored: "abc\r\ndef\r\n"},
		"F, records miscounted":     {format: 'F', record: 3, payload: []string{"\x83abc\x83def"}, end: oftpwire.EFID{Records: 1, Octets: 6}, strict: 10, stored: "abc\r\ndef\r\n"},
		"F, octets miscounted":      {format: 'F', record: 3, payload: []string{"\x83abc\x83def"}, end: oftpwire.EFID{Records: 2, Octets: 5}, lenient: 11, strict: 11},
		"V":                         {format: 'V', record: 9, payload: []string{"\x81a\x80\x82bc"}, end: oftpwire.EFID{Records: 3, Octets: 3}, stored: "a\r\n\r\nbc\r\n"},
		"V, records miscounted":     {format: 'V', record: 9, payload: []string{"\x81a\x82bc"}, end: oftpwire.EFID{Records: 9, Octets: 3}, strict: 10, stored: "a\r\nbc\r\n"},
		"V, record too long":        {format: 'V', record: 2, payload: []string{"\x83abc"}, end: oftpwire.EFID{Records: 1, Octets: 3}, lenient: 5, strict: 5},
		"V over several DATA":       {format: 'V', record: 99, payload: []string{"\x3F" + long[:63], "\x97" + long[63:86]}, end: oftpwire.EFID{Records: 1, Octets: 86}, stored: long[:86] + "\r\n"},
	} {
		for _, at := range []struct {
			srv    *oftp.Server
			dir    string
			name   string
			reason int
		}{{lenient, dir, "lenient", c.lenient}, {strict, strictDir, "strict", c.strict}} {
			t.Run(name+" "+at.name, func(t *testing.T) {
				t.Parallel()
				p := loggedIn(t, at.srv, nil)
				sfid := p.newSFID(fmt.Sprint("FILE", peers.Add(1)))
				sfid.Format, sfid.RecordSize = c.format, c.record
				p.offer(sfid)
				for _, payload := range c.payload {
					p.send(oftpwire.DATA{Payload: []byte(payload)})
				}
				p.send(c.end)
				path := filepath.Join(at.dir, sfid.Name)
				if at.reason != 0 {
					assert.Equal(t, at.reason, want[oftpwire.EFNA](p).Reason)
					assert.NoFileExists(t, path)
					p.deliver(sfid.Name, "again") // the session goes on
					p.receipt(sfid.Name)
					return
				}
				want[oftpwire.EFPA](p)
				got, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, c.stored, string(got))
				p.receipt(sfid.Name)
			})
		}
	}
}

// Subrecords that do not add up to their buffer: reason 07, and no file.
func TestSubrecordsThatRunOver(t *testing.T) {
	t.Parallel()
	srv, dir := newInbox(t, nil)
	for name, payload := range map[string]string{
		"subrecord cut":     "\x84abc",
		"run cut":           "\xC4",
		"good and then cut": "\x03abc\x3F",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := loggedIn(t, srv, nil)
			sfid := p.newSFID(fmt.Sprint("CUT", peers.Add(1)))
			p.offer(sfid)
			p.send(oftpwire.DATA{Payload: []byte(payload)})
			p.wantEnd(7)
			assert.NoFileExists(t, filepath.Join(dir, sfid.Name))
			requireServing(t, srv)
		})
	}
}

// A sender that does not wait for credit: the server grants it faster than it
// can be overrun.
func TestDataBeyondTheCredit(t *testing.T) {
	t.Parallel()
	srv, dir := newInbox(t, nil)
	p := loggedIn(t, srv, func(ssid *oftpwire.SSID) { ssid.Credit = 2 })
	p.offer(p.newSFID("FILE"))
	for range 10 {
		p.send(data("x"))
	}
	p.send(oftpwire.EFID{Octets: 10})
	for range 5 {
		want[oftpwire.CDT](p)
	}
	want[oftpwire.EFPA](p)
	got, err := os.ReadFile(filepath.Join(dir, "FILE"))
	require.NoError(t, err)
	assert.Equal(t, "xxxxxxxxxx", string(got))
	p.receipt("FILE")
}

// Nothing outside the folder is written, whatever a file is called, and nothing
// hidden stays.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "..", ".", "../X", "../../../../../../ETC/X", "/ETC/PASSWD", strings.Repeat("/", 26), "A/../../X",
		`..\X`, `C:\X`, `\\HOST\SHARE\X`, "C:X", "X:STREAM", "CON", "NUL.TXT", "COM1", ".HIDDEN", "X.", "..X", "-RF",
		"%2E%2E%2FX", "%GUID%", "~", "~ROOT", "$HOME", "`X`", "|X", ">X", "*", "?", `"`,
		"X\xFF\xFE", "\xC0\xAF", "Ü", "\u202EGPJ.EXE",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, dir := newInbox(t, nil)
			p := loggedIn(t, srv, nil)
			p.deliver(name, "content")
			p.receipt(name)
			stored := entries(t, dir)
			require.Len(t, stored, 1)
			assert.False(t, strings.HasPrefix(stored[0], "."), stored[0])
			info, err := os.Lstat(filepath.Join(dir, stored[0]))
			require.NoError(t, err)
			assert.True(t, info.Mode().IsRegular())
			assert.Len(t, entries(t, filepath.Dir(dir)), 1, "there is nothing beside the folder")
			requireServing(t, srv)
		})
	}
}

// A receipt for a file that was never sent is told to the application, which
// knows best, and answered.
func TestReceiptForAnUnknownFile(t *testing.T) {
	t.Parallel()
	told := make(chan *oftp.EndResponseEvent, 2)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndResponse = func(e *oftp.EndResponseEvent) { told <- e }
	})
	p := loggedIn(t, srv, nil)
	stamp := oftpwire.Stamp{Date: "20010101", Time: "0000000000"}
	p.send(oftpwire.EERP{Name: "NEVERSENT", Stamp: stamp, Destination: serverCode, Originator: p.code})
	want[oftpwire.RTR](p)
	p.send(oftpwire.NERP{Name: "NEVERSENT", Stamp: stamp, Destination: serverCode, Originator: p.code, Reason: 7})
	want[oftpwire.RTR](p)
	p.quit()
	assert.Equal(t, "NEVERSENT", (<-told).VirtualFileName)
	assert.Equal(t, 7, (<-told).ReasonCode)
	requireServing(t, srv)
}

// A peer that is gone when the file is through gets its receipt in the next
// session; whether it has heard of EFPA or not, and whether it took its leave.
func TestPeerGoneAfterTheFile(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*peer){
		"closes after EFPA": func(p *peer) {
			want[oftpwire.EFPA](p)
			p.hangUp()
		},
		"closes after EFID": func(p *peer) {
			p.closeHalf()
			want[oftpwire.EFPA](p)
		},
		"is not there for EFPA": func(p *peer) { p.conn.Close() },
		"ends the session after EFPA": func(p *peer) {
			want[oftpwire.EFPA](p)
			p.quit()
		},
		"ends the session after EFID": func(p *peer) {
			p.send(oftpwire.ESID{})
			want[oftpwire.EFPA](p)
			p.hangUp()
		},
		"ends the session instead of RTR": func(p *peer) {
			want[oftpwire.EFPA](p)
			p.send(oftpwire.CD{})
			want[oftpwire.EERP](p)
			p.quit()
		},
		"closes instead of RTR": func(p *peer) {
			want[oftpwire.EFPA](p)
			p.send(oftpwire.CD{})
			want[oftpwire.EERP](p)
			p.hangUp()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan int, 2)
			srv, dir := newInbox(t, func(s *oftp.Server) {
				s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ended <- e.StatusCode }
			})
			p := loggedIn(t, srv, nil)
			p.offer(p.newSFID("FILE"))
			p.send(data("content"), oftpwire.EFID{Octets: 7})
			leave(p)
			<-ended
			assert.Equal(t, []string{"FILE"}, entries(t, dir))

			again := dialPeer(t, srv)
			again.code = p.code
			again.login(nil)
			again.receipt("FILE")
		})
	}
}

// A peer that never hands the turn over may go on with files; the receipts wait.
func TestPeerThatNeverGivesTheTurn(t *testing.T) {
	t.Parallel()
	srv, dir := newInbox(t, nil)
	p := loggedIn(t, srv, nil)
	for i := range 5 {
		p.deliver(fmt.Sprint("FILE", i), "content")
	}
	p.quit()
	assert.Len(t, entries(t, dir), 5)

	again := dialPeer(t, srv)
	again.code = p.code
	again.login(nil)
	again.send(oftpwire.CD{})
	for i := range 5 {
		assert.Equal(t, fmt.Sprint("FILE", i), want[oftpwire.EERP](again).Name)
		again.send(oftpwire.RTR{})
	}
	want[oftpwire.CD](again)
	again.quit()
}

// A file of many buffers that breaks off leaves nothing that looks complete.
func TestFileBreaksOff(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			t.Parallel()
			ended := make(chan *oftp.EndTransferEvent, 1)
			gone := make(chan struct{}, 2)
			srv, dir := newInbox(t, func(s *oftp.Server) {
				s.OnEndTransfer = func(e *oftp.EndTransferEvent) { ended <- e }
				s.OnDisconnected = func(*oftp.DisconnectedEvent) { gone <- struct{}{} }
			})
			p := loggedIn(t, srv, func(ssid *oftpwire.SSID) { ssid.Restart = restart })
			p.offer(p.newSFID("FILE"))
			p.send(oftpwire.DATA{Payload: bytes.Repeat([]byte("\x3F"+strings.Repeat("x", 63)), 50)})
			p.hangUp()
			assert.NotZero(t, (<-ended).ReasonCode)
			<-gone
			assert.NoFileExists(t, filepath.Join(dir, "FILE"))
			if !restart {
				assert.Empty(t, entries(t, dir))
			}
			requireServing(t, srv)
		})
	}
}
