package oftp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clientOf is a client of a listener that the test plays.
func clientOf(t *testing.T, d door, change func(*oftp.Client)) *oftp.Client {
	t.Helper()
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", d.port(), clientCode
	c.Timeout = patience
	if change != nil {
		change(c)
	}
	t.Cleanup(c.Disconnect)
	return c
}

// greet is the responder's side of Start Session.
func (p *peer) greet() {
	p.t.Helper()
	p.send(oftpwire.SSRM{})
	want[oftpwire.SSID](p)
	p.send(p.newSSID())
}

// logOn logs a client on to a listener that the test plays, and returns its peer.
func logOn(t *testing.T, d door, c *oftp.Client) *peer {
	t.Helper()
	begun := make(chan error, 1)
	go func() { begun <- c.Logon(t.Context()) }()
	p := d.accept()
	p.greet()
	require.NoError(t, await(t, begun))
	return p
}

func TestCreditThatComesLateIsNoAnswer(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	hook, ends := transfers(oftp.FromClient)
	c := clientOf(t, d, func(c *oftp.Client) { c.OnEndTransfer = hook })
	p := logOn(t, d, c)
	sent := make(chan error, 1)
	path := writeFile(t, "f", []byte("f"))
	go func() { sent <- c.SendFile("", path, "F") }()
	want[oftpwire.SFID](p)
	p.send(oftpwire.CDT{}, oftpwire.SFPA{})
	want[oftpwire.DATA](p)
	want[oftpwire.EFID](p)
	p.send(oftpwire.CDT{}, oftpwire.CDT{}, oftpwire.EFNA{Reason: 12})
	answer := refused(t, await(t, sent))
	assert.Equal(t, 12, answer.Reason)
	assert.Equal(t, 22, await(t, ends).ReasonCode)
	go func() { sent <- c.SendFile("", path, "G") }()
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.DATA](p)
	want[oftpwire.EFID](p)
	p.send(oftpwire.CDT{}, oftpwire.EFPA{})
	require.NoError(t, await(t, sent))
	assert.Zero(t, await(t, ends).ReasonCode)
}

func TestATextThatIsInterruptedDoesNotArrive(t *testing.T) {
	t.Parallel()
	for version := oftp.Version12; version <= oftp.Version20; version++ {
		hook, ends := transfers(oftp.FromClient)
		srv := newServer(t, func(s *oftp.Server) { s.OnEndTransfer = hook })
		c := session(t, srv, func(c *oftp.Client) {
			c.Version = version
			c.OnTransfer = func(e *oftp.TransferEvent) { e.Connection.Interrupt() }
		})
		file := cargo{"T", oftp.Text, 0, bytes.Repeat([]byte("a line of text\r\n"), 100_000)}
		err := send(c.Connection(), writeFile(t, "t", file.content), file)
		assert.ErrorIs(t, err, oftp.ErrInterrupted)
		e := await(t, ends)
		assert.Equal(t, 21, e.ReasonCode, version)
		assert.NoFileExists(t, e.LocalFile)
	}
}

func TestANameInUseMayBeOfferedAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	first, second := loggedIn(t, srv, nil), loggedIn(t, srv, nil)
	first.offer(first.newSFID("SAME"))
	second.send(second.newSFID("SAME"))
	answer := want[oftpwire.SFNA](second)
	assert.Equal(t, 13, answer.Reason)
	assert.True(t, answer.Retry, "the other session may be a dead one that nobody has noticed yet")
	first.send(data("content"), oftpwire.EFID{Octets: 7})
	want[oftpwire.EFPA](first)
	second.send(second.newSFID("SAME"))
	answer = want[oftpwire.SFNA](second)
	assert.Equal(t, 13, answer.Reason)
	assert.False(t, answer.Retry, "now the name is taken for good")
	first.receipt("SAME")
	second.quit()
}

func TestAHandlerThatPanicsRefusesTheServer(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { s.UseSSL, s.SSLCert = true, issued(t, "server") })
	var told []oftp.ErrorEvent
	c := newClient(t, srv, func(c *oftp.Client) {
		c.UseSSL, c.TrustedCerts = true, trusted(t)
		c.OnSSLServerAuthentication = func(*oftp.SSLServerAuthenticationEvent) { panic("oops") }
		c.OnError = func(e *oftp.ErrorEvent) { told = append(told, *e) }
	})
	require.Error(t, c.Logon(t.Context()))
	require.Len(t, told, 1)
	assert.Equal(t, 10053, told[0].ErrorCode)
	assert.Contains(t, told[0].Description, "oops")
	c.OnSSLServerAuthentication = nil
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.Logoff())
}

// A slow bucket learns of its fault when it is closed, as compressors and
// uploads do.
type slowBucket struct{ io.Writer }

func (slowBucket) Close() error { return errors.New("the bucket is full") }

func TestAStreamThatCannotBeClosedHasNotTakenTheFile(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			e.Connection.SetDownloadStream(slowBucket{io.Discard})
		}
		s.OnEndTransfer = hook
	})
	c := session(t, srv, nil)
	answer := refused(t, c.SendFile("", writeFile(t, "f", random(1000)), "F"))
	assert.True(t, answer.After)
	assert.Equal(t, 12, answer.Reason)
	e := await(t, ends)
	assert.Equal(t, 22, e.ReasonCode)
	assert.Contains(t, e.ReasonText, "the bucket is full")
	require.NoError(t, c.Logoff())
}

func TestAnUploadStreamThatCannotBeSentIsKept(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	c := session(t, srv, nil)
	from := &vessel{Buffer: *bytes.NewBufferString("content")}
	c.Connection().SetUploadStream(from)
	require.NoError(t, c.Connection().SetVirtualFileFormat(oftp.Variable)) // without a record size
	require.Error(t, c.SendFile("", "", "F"))
	require.NoError(t, c.Connection().SetVirtualFileFormat(oftp.Unstructured))
	require.NoError(t, c.SendFile("", "", "F"))
	assert.True(t, from.closed)
	require.NoError(t, c.Logoff())
}

func TestEveryTransferThatStartsEnds(t *testing.T) {
	t.Parallel()
	var started, ended atomic.Int64
	gone := make(chan struct{}, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Connection.Disconnect() }
		s.OnStartTransfer = func(*oftp.StartTransferEvent) { started.Add(1) }
		s.OnEndTransfer = func(*oftp.EndTransferEvent) { ended.Add(1) }
		s.OnDisconnected = func(*oftp.DisconnectedEvent) { gone <- struct{}{} }
	})
	c := session(t, srv, nil)
	require.Error(t, c.SendFile("", writeFile(t, "f", nil), "F"))
	await(t, gone)
	assert.Equal(t, started.Load(), ended.Load())
}

func TestAMethodWhileTheEndIsBeingHeard(t *testing.T) {
	t.Parallel()
	hearing, heard := make(chan struct{}), make(chan struct{})
	d := newDoor(t)
	c := clientOf(t, d, func(c *oftp.Client) {
		c.OnPITrail = func(e *oftp.PITrailEvent) {
			if e.CommandID == oftp.CommandID(oftpwire.IDESID) {
				close(hearing)
				<-heard
			}
		}
	})
	p := logOn(t, d, c)
	p.send(oftpwire.ESID{})
	await(t, hearing)
	assert.Equal(t, 10057, code(t, c.SendFile("", writeFile(t, "f", nil), "F")))
	assert.NoError(t, c.Logoff())
	close(heard)
}

func TestAClientsConnectionLogsOffToo(t *testing.T) {
	t.Parallel()
	hook, receipts := responses()
	srv := newServer(t, nil)
	c := session(t, srv, func(c *oftp.Client) { c.OnEndResponse = hook })
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F")) // the server asks for the turn
	require.NoError(t, c.Connection().Logoff())
	assert.Equal(t, "F", await(t, receipts).VirtualFileName)
	assert.False(t, c.Connection().Connected())
}

func TestAFileIsSentWhateverBecomesOfTheTurn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	c := clientOf(t, d, func(c *oftp.Client) {
		set(t, c, "SendCDAfterEFPA=True")
		c.OnPITrail = func(e *oftp.PITrailEvent) {
			if e.CommandID == oftp.CommandID(oftpwire.IDEFPA) {
				e.Connection.Disconnect()
			}
		}
	})
	p := logOn(t, d, c)
	sent := make(chan error, 1)
	path := writeFile(t, "f", nil)
	go func() { sent <- c.SendFile("", path, "F") }()
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.EFID](p)
	p.send(oftpwire.EFPA{})
	assert.NoError(t, await(t, sent), "the partner has the file")
	assert.Equal(t, 10057, code(t, c.SendFile("", path, "G")))
}

func TestHowLogonTellsOfItsContext(t *testing.T) {
	t.Parallel()
	for name, useTLS := range map[string]bool{"session": false, "TLS": true} {
		d := newDoor(t)
		c := clientOf(t, d, func(c *oftp.Client) { c.UseSSL = useTLS })
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		assert.ErrorIs(t, c.Logon(ctx), oftp.ErrTimedOut, name)
		cancel()

		ctx, cancel = context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- c.Logon(ctx) }()
		d.accept()
		cancel()
		assert.ErrorIs(t, await(t, failed), oftp.ErrInterrupted, name)
	}
}

func TestEndResponsesWhileFilesAreSent(t *testing.T) {
	t.Parallel()
	hook, receipts := responses()
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, exactDate, "ReceivedFileNameFormat=%GUID%")
		s.OnEndResponse = hook
	})
	c := session(t, srv, func(c *oftp.Client) {
		set(t, c, exactDate, "LogLevel=Debug")
		c.OnLog = func(*oftp.LogEvent) {}
	})
	path, sent := writeFile(t, "f", nil), make(chan struct{})
	go func() {
		defer close(sent)
		for range 50 {
			if err := c.SendFile("", path, "F"); !errors.Is(err, oftp.ErrBusy) {
				assert.NoError(t, err)
			}
		}
	}()
	for range 50 {
		e := oftp.EndResponse{VirtualFileName: "RELAYED", VirtualFileDate: stamp, Destination: serverCode}
		require.NoError(t, c.Connection().SendEndResponse(e), "it goes out when it can")
	}
	await(t, sent)
	require.NoError(t, c.Logoff())
	for range 50 {
		assert.Equal(t, "RELAYED", await(t, receipts).VirtualFileName)
	}
}
