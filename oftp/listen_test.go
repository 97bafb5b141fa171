package oftp_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused is the reason that a partner has for not taking a file.
func refused(t *testing.T, err error) oftp.FileError {
	t.Helper()
	assert.Equal(t, oftp.CodeSend, code(t, err))
	var refused *oftp.FileError
	require.ErrorAs(t, err, &refused)
	return *refused
}

func TestARefusedFile(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		decide func(*oftp.AcceptFileEvent)
		want   oftp.FileError
	}{
		"without a reason": {func(e *oftp.AcceptFileEvent) { e.Accept = false },
			oftp.FileError{Reason: 99, Text: "unspecified reason"}},
		"with a reason": {func(e *oftp.AcceptFileEvent) { e.Accept, e.ErrorCode = false, 6 },
			oftp.FileError{Reason: 6, Text: "file size is too big"}},
		"in words": {func(e *oftp.AcceptFileEvent) { e.Accept, e.ErrorCode, e.ErrorDescription = false, 3, "nö" },
			oftp.FileError{Reason: 3, Text: "nö"}},
		"with a reason that is none": {func(e *oftp.AcceptFileEvent) { e.Accept, e.ErrorCode = false, 1000 },
			oftp.FileError{Reason: 99, Text: "unspecified reason"}},
		"in too many words": {func(e *oftp.AcceptFileEvent) {
			e.Accept, e.ErrorCode, e.ErrorDescription = false, 3, strings.Repeat("x", 5000)
		},
			oftp.FileError{Reason: 3, Text: strings.Repeat("x", 999)}},
	}
	for name, row := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuse := true
			srv := newServer(t, func(s *oftp.Server) {
				s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
					if refuse {
						row.decide(e)
					}
					refuse = false
				}
			})
			c := session(t, srv, nil)
			path := writeFile(t, "f", []byte("f"))
			assert.Equal(t, row.want, refused(t, c.SendFile("", path, "F")))
			assert.NoError(t, c.SendFile("", path, "F"), "the session goes on")
		})
	}
}

func TestARefusedFileMayBeOfferedAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Accept = false }
	})
	c := session(t, srv, nil)
	mayRetry := func() string {
		value, err := c.Config("Retry[" + c.Connection().ConnectionID() + "]")
		require.NoError(t, err)
		return value
	}
	path := writeFile(t, "f", nil)
	assert.False(t, refused(t, c.SendFile("", path, "F")).Retry)
	assert.Equal(t, "False", mayRetry())
	set(t, srv, "AllowRetry["+onlyConnection(t, srv).ConnectionID()+"]=True")
	assert.True(t, refused(t, c.SendFile("", path, "F")).Retry)
	assert.Equal(t, "True", mayRetry())
}

func TestTheHandlerChoosesThePlace(t *testing.T) {
	t.Parallel()
	place := filepath.Join(t.TempDir(), "new", "folder", "file.dat")
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.FileName = place }
		s.OnEndTransfer = hook
	})
	require.NoError(t, session(t, srv, nil).SendFile("", writeFile(t, "f", []byte("f")), "F"))
	assert.Equal(t, place, await(t, ends).LocalFile)
	sameFile(t, []byte("f"), place)
}

func TestOverwrite(t *testing.T) {
	t.Parallel()
	faults := make(chan oftp.ErrorEvent, 1)
	place := filepath.Join(t.TempDir(), "file")
	overwrite := false
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.FileName, e.Overwrite = place, overwrite }
		s.OnError = func(e *oftp.ErrorEvent) { faults <- *e }
	})
	c := session(t, srv, nil)
	require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("first")), "F"))
	assert.Equal(t, 13, refused(t, c.SendFile("", writeFile(t, "f", []byte("second")), "F")).Reason)
	assert.Equal(t, oftp.CodeFileExists, await(t, faults).ErrorCode)
	sameFile(t, []byte("first"), place)
	overwrite = true
	require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("third")), "F"))
	sameFile(t, []byte("third"), place)
}

func TestWithoutAPlaceThereIsNoFile(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(*oftp.AcceptConnectionEvent) {}
	})
	c := session(t, srv, nil)
	answer := refused(t, c.SendFile("", writeFile(t, "f", nil), "F"))
	assert.Equal(t, 12, answer.Reason)
	assert.Equal(t, "there is no folder for received files", answer.Text)
}

func TestFilesForOthers(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "FurtherSFIDCodes=O0055PLANT1, O0055PLANT2")
		s.OnEndTransfer = hook
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
			if e.Destination == "O0099OTHER" {
				assert.False(t, e.Accept)
				assert.Equal(t, 2, e.ErrorCode)
				e.Accept = e.VirtualFileName == "RELAY"
			}
		}
	})
	var receipts journal
	c := session(t, srv, func(c *oftp.Client) {
		c.OnEndResponse = func(e *oftp.EndResponseEvent) { receipts.note("%s", e.VirtualFileName) }
	})
	path := writeFile(t, "f", nil)
	for name, destination := range map[string]string{"OWN": serverCode, "ONE": "O0055PLANT1", "TWO": "O0055PLANT2"} {
		require.NoError(t, c.SendFile(destination, path, name))
		assert.True(t, await(t, ends).SendEndResponse, name)
	}
	assert.Equal(t, 2, refused(t, c.SendFile("O0099OTHER", path, "STRAY")).Reason)
	require.NoError(t, c.SendFile("O0099OTHER", path, "RELAY"))
	assert.False(t, await(t, ends).SendEndResponse, "the receipt is the final recipient's")
	require.NoError(t, c.Logoff())
	assert.ElementsMatch(t, []string{"OWN", "ONE", "TWO"}, receipts.lines())
}

func TestFilesThatNeedCMSAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*oftpwire.SFID)
		reason int
	}{
		"encrypted":      {func(c *oftpwire.SFID) { c.Security, c.CipherSuite, c.Envelope = 1, 1, 1 }, 16},
		"signed":         {func(c *oftpwire.SFID) { c.Security, c.CipherSuite, c.Envelope = 2, 1, 1 }, 19},
		"both":           {func(c *oftpwire.SFID) { c.Security, c.CipherSuite, c.Envelope = 3, 1, 1 }, 16},
		"compressed":     {func(c *oftpwire.SFID) { c.Compression, c.Envelope = 1, 1 }, 18},
		"signed receipt": {func(c *oftpwire.SFID) { c.SignedReceipt, c.CipherSuite = true, 1 }, 15},
	}
	for name, row := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, func(s *oftp.Server) {
				s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
					assert.False(t, e.Accept)
					e.Accept = true // no handler can make it possible
				}
			})
			p := loggedIn(t, srv, nil)
			sfid := p.newSFID("SECRET")
			row.change(&sfid)
			p.send(sfid)
			assert.Equal(t, row.reason, want[oftpwire.SFNA](p).Reason)
			p.quit()
		})
	}
}

// A vessel is a stream that is filled or emptied, and may be closed.
type vessel struct {
	bytes.Buffer
	closed bool
	fault  error
}

func (v *vessel) Write(p []byte) (int, error) {
	if v.fault != nil {
		return 0, v.fault
	}
	return v.Buffer.Write(p)
}

func (v *vessel) Close() error { v.closed = true; return nil }

func TestStreams(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{true, false} {
		for _, early := range []bool{true, false} {
			var into vessel
			hook, ends := transfers(oftp.FromClient)
			srv := newServer(t, func(s *oftp.Server) {
				if !closes {
					set(t, s, "CloseStreamAfterTransfer=False")
				}
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
					if early {
						e.Connection.SetDownloadStream(&into)
					}
				}
				s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
					if !early && e.VirtualFileName == "ONE" {
						e.Connection.SetDownloadStream(&into)
					}
				}
				s.OnEndTransfer = hook
			})
			c := session(t, srv, nil)
			if !closes {
				set(t, c, "CloseStreamAfterTransfer=False")
			}
			content := random(10_000)
			from := &vessel{Buffer: *bytes.NewBuffer(content)}
			c.Connection().SetUploadStream(from)
			require.NoError(t, c.SendFile("", "", "ONE"))
			assert.Empty(t, await(t, ends).LocalFile)
			assert.True(t, bytes.Equal(content, into.Bytes()))
			assert.Equal(t, closes, from.closed)
			// One stream is for one file.
			assert.Equal(t, 12, refused(t, c.SendFile("", writeFile(t, "f", nil), "TWO")).Reason)
			assert.Equal(t, oftp.CodeReadFile, code(t, c.SendFile("", "", "THREE")))
			require.NoError(t, c.Logoff())
			assert.Equal(t, closes, into.closed)
		}
	}
}

func TestAStreamThatFails(t *testing.T) {
	t.Parallel()
	into := &vessel{fault: errors.New("the bucket is full")}
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		accept := s.OnAcceptConnection
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			accept(e)
			e.Connection.SetDownloadStream(into)
		}
		s.OnEndTransfer = hook
	})
	c := session(t, srv, nil)
	answer := refused(t, c.SendFile("", writeFile(t, "f", random(1<<20)), "F"))
	assert.True(t, answer.After)
	assert.Equal(t, 12, answer.Reason)
	e := await(t, ends)
	assert.Equal(t, 22, e.ReasonCode)
	assert.Contains(t, e.ReasonText, "the bucket is full")

	c.Connection().SetUploadStream(io.MultiReader(strings.NewReader("begun"), failing{}))
	err := c.SendFile("", "", "G")
	assert.Equal(t, oftp.CodeReadFile, code(t, err))
	assert.ErrorIs(t, err, errTorn)
	assert.NotZero(t, await(t, ends).ReasonCode, "the partner does not take the part for the whole")
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "H"), "the session goes on")
}

var errTorn = errors.New("torn")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errTorn }

func TestAStreamIsKeptForAFileThatFits(t *testing.T) {
	t.Parallel()
	var into vessel
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadStream(&into) }
	})
	p := loggedIn(t, srv, nil)
	sfid := p.newSFID("NORECORD")
	sfid.Format, sfid.RecordSize = oftpwire.Fixed, 0
	p.send(sfid)
	assert.Equal(t, 5, want[oftpwire.SFNA](p).Reason)
	p.deliver("GOOD", "good")
	p.quit()
	assert.Equal(t, "good", into.String())
}

func TestFilesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	c := session(t, srv, nil)
	conn := c.Connection()
	good := writeFile(t, "good", []byte("good\r\n"))
	missing := filepath.Join(t.TempDir(), "missing")
	cases := map[string]struct {
		send func() error
		code int
	}{
		"no such file":      {func() error { return c.SendFile("", missing, "F") }, oftp.CodeReadFile},
		"a folder":          {func() error { return c.SendFile("", t.TempDir(), "F") }, oftp.CodeReadFile},
		"name too long":     {func() error { return c.SendFile("", good, strings.Repeat("N", 27)) }, oftp.CodeBuild},
		"name not possible": {func() error { return c.SendFile("", good, "A\nB") }, oftp.CodeBuild},
		"code too long":     {func() error { return c.SendFile(strings.Repeat("N", 26), good, "F") }, oftp.CodeBuild},
		"nothing":           {func() error { return c.SendFile("", "", "F") }, oftp.CodeReadFile},
		"V without size":    {func() error { return send(conn, good, cargo{"F", oftp.Variable, 0, nil}) }, oftp.CodeProtocol},
		"line too long":     {func() error { return send(conn, good, cargo{"F", oftp.Variable, 3, nil}) }, oftp.CodeSend},
		"line too short":    {func() error { return send(conn, good, cargo{"F", oftp.Fixed, 5, nil}) }, oftp.CodeSend},
	}
	for name, row := range cases {
		err := row.send()
		assert.Equal(t, row.code, code(t, err), "%s: %v", name, err)
		require.NoError(t, send(conn, good, cargo{name: "OK"}), "after %s", name)
		require.NoError(t, os.Remove(filepath.Join(inboxOf(t, srv), "OK")))
	}
	require.NoError(t, c.Logoff())
}

// inboxOf is the folder for received files of a server's only connection.
func inboxOf(t *testing.T, srv *oftp.Server) string {
	t.Helper()
	return onlyConnection(t, srv).DownloadDirectory()
}
