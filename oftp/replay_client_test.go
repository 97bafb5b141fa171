package oftp_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each responder recording is played against a client. The Go client is none
// that answers, and what it makes the responder do is in no client of ours.
func TestReplayResponders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*oftp.Client)
		run     func(*caller) error
		check   func(*caller, error)
	}{
		"accord-both":   {prepare: forServer, run: sendAndReceive, check: bothWays},
		"accord-badpw":  {run: (*caller).logon, check: failsWith(oftp.CodeUnknownPassword, &oftp.SessionError{Reason: 4, Text: "Authentication error: INVALID PASSWORD", ByPeer: true})},
		"accord-refuse": {run: (*caller).send, check: failsWith(oftp.CodeSend, &oftp.FileError{Reason: 13, Text: "Start File rejected.", Retry: true})},
		"accord-v12":    {run: (*caller).send, check: acknowledged},
		"accord-v13":    {run: (*caller).send, check: acknowledged},
		"accord-v14":    {run: (*caller).send, check: acknowledged},
		"accord-vdown":  {prepare: only20, run: (*caller).logon, check: failsWith(oftp.CodeProtocol, &oftp.SessionError{Reason: 10, Text: "OFTP 2.0 is required"})},
		"cs-nerp":       {run: (*caller).send, check: rejected},
		"cs-restart":    {run: (*caller).send, check: acknowledged},
		"cs-to-accord":  {run: (*caller).send, check: acknowledged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			c1 := newCaller(t, name, d)
			if c.prepare != nil {
				c.prepare(c1.Client)
			}
			done := make(chan error, 1)
			go func() { done <- errors.Join(c.run(c1), c1.Logoff()) }()
			d.accept().play(c1.recording, responder)
			c.check(c1, <-done)
		})
	}
}

// A caller is a client that says of itself what a recorded initiator did, and
// sends the file that it did.
type caller struct {
	*oftp.Client
	t         *testing.T
	recording recording
	sfid      string // the recorded one
	name      string

	transfers []*oftp.EndTransferEvent
	responses []*oftp.EndResponseEvent
}

func newCaller(t *testing.T, name string, d door) *caller {
	t.Helper()
	c := &caller{Client: oftp.NewClient(), t: t, recording: load(t, name)}
	said := c.recording.ssid(t, initiator)
	c.RemoteHost, c.RemotePort = "127.0.0.1", d.port()
	c.ClientSSIDCode, c.ClientPassword = said.Code, said.Password
	c.ServerSSIDCode, c.ServerPassword = serverCode, c.recording.ssid(t, responder).Password
	c.Version = map[oftpwire.Level]oftp.Version{
		oftpwire.Level12: oftp.Version12,
		oftpwire.Level13: oftp.Version13,
		oftpwire.Level14: oftp.Version14,
		oftpwire.Level20: oftp.Version20,
	}[said.Level]
	c.DownloadDirectory = t.TempDir()
	configure(t, c.Client, said)
	for _, e := range c.recording {
		if e.from == initiator && e.is(oftpwire.IDSFID) {
			c.sfid = e.octets
		}
	}
	c.OnEndTransfer = func(e *oftp.EndTransferEvent) { c.transfers = append(c.transfers, e) }
	c.OnEndResponse = func(e *oftp.EndResponseEvent) { c.responses = append(c.responses, e) }
	t.Cleanup(c.Disconnect)
	return c
}

func (c *caller) logon() error { return c.Logon(c.t.Context()) }

// send sends the recorded file under its recorded stamp.
func (c *caller) send() error {
	if err := c.logon(); err != nil {
		return err
	}
	level := oftpwire.Lower(oftpwire.Level20, oftpwire.Level(c.recording.ssid(c.t, initiator).Level))
	cmd, err := oftpwire.Parse(level, []byte(c.sfid))
	if err != nil {
		return err
	}
	sfid := cmd.(oftpwire.SFID)
	c.name = sfid.Name
	stamp := sfid.Stamp.At(oftpwire.Level20)
	if err := c.Connection().SetVirtualFileDate(stamp.Date + stamp.Time); err != nil {
		return err
	}
	path := filepath.Join(c.t.TempDir(), sfid.Name)
	if err := os.WriteFile(path, contents[sfid.Name], 0o600); err != nil {
		return err
	}
	return c.SendFile("", path, sfid.Name)
}

func forServer(c *oftp.Client) {
	_, _ = c.Config("FurtherSFIDCodes=" + serverCode) // accord was set up so
}

func only20(c *oftp.Client) { c.MinVersion = oftp.Version20 }

func sendAndReceive(c *caller) error {
	if err := c.send(); err != nil {
		return err
	}
	_, err := c.ReceiveFiles()
	return err
}

func acknowledged(c *caller, err error) {
	require.NoError(c.t, err)
	require.Len(c.t, c.responses, 1)
	assert.Equal(c.t, c.name, c.responses[0].VirtualFileName)
	assert.Zero(c.t, c.responses[0].ReasonCode)
	require.NotEmpty(c.t, c.transfers)
	assert.Zero(c.t, c.transfers[0].ReasonCode)
	assert.EqualValues(c.t, len(contents[c.name]), c.transfers[0].FileSize)
}

func bothWays(c *caller, err error) {
	acknowledged(c, err)
	require.Len(c.t, c.transfers, 2)
	assert.Equal(c.t, oftp.FromServer, c.transfers[1].Direction)
	got, err := os.ReadFile(filepath.Join(c.DownloadDirectory, "FROMSERVER"))
	require.NoError(c.t, err)
	assert.True(c.t, bytes.Equal(contents["FROMSERVER"], got), "%d octets are not those that were sent", len(got))
	assert.Len(c.t, entries(c.t, c.DownloadDirectory), 1)
}

func rejected(c *caller, err error) {
	require.NoError(c.t, err)
	require.Len(c.t, c.responses, 1)
	r := c.responses[0]
	assert.Equal(c.t, "TEXT.TXT", r.VirtualFileName)
	assert.Equal(c.t, 35, r.ReasonCode)
	assert.Equal(c.t, "rejected by test", r.ReasonText)
	assert.Equal(c.t, serverCode, r.Creator)
}

// failsWith checks an error's code and its cause, a *SessionError or *FileError.
func failsWith[E error](code int, cause E) func(*caller, error) {
	return func(c *caller, err error) {
		c.t.Helper()
		var coded *oftp.Error
		require.ErrorAs(c.t, err, &coded)
		assert.Equal(c.t, code, coded.Code)
		var got E
		require.ErrorAs(c.t, err, &got)
		assert.Equal(c.t, cause, got)
	}
}
