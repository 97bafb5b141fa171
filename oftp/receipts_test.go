package oftp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exactDate is the setting that makes dates tell files apart.
const exactDate = "VirtualFileDateFormat=yyyyMMddHHmmssffff"

// responses returns a hook and the EndResponse events that it gets.
func responses() (func(*oftp.EndResponseEvent), <-chan oftp.EndResponseEvent) {
	c := make(chan oftp.EndResponseEvent, 100)
	return func(e *oftp.EndResponseEvent) { c <- *e }, c
}

// answerTo is the end response for a file.
func answerTo(e oftp.EndTransferEvent, reason int) oftp.EndResponse {
	return oftp.EndResponse{VirtualFileName: e.VirtualFileName, VirtualFileDate: e.VirtualFileDate, ReasonCode: reason}
}

// leisurely is a server that leaves all receipts to a later SendEndResponse.
func leisurely(t *testing.T, settings ...string) (*oftp.Server, <-chan oftp.EndTransferEvent) {
	t.Helper()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ReceivedFileNameFormat=%GUID%")
		set(t, s, settings...)
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) {
			e.SendEndResponse = false
			hook(e)
		}
	})
	return srv, ends
}

func TestAReceiptWaitsForTheApplication(t *testing.T) {
	t.Parallel()
	for version := oftp.Version12; version <= oftp.Version20; version++ {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			srv, ends := leisurely(t)
			hook, receipts := responses()
			c := session(t, srv, func(c *oftp.Client) { c.OnEndResponse, c.Version = hook, version })
			path := writeFile(t, "f", []byte("f"))
			require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
			require.NoError(t, c.SendFile("", path, "GOOD"))
			require.NoError(t, c.SendFile("", path, "BAD"))
			good, bad := await(t, ends), await(t, ends)
			require.NoError(t, srv.SendEndResponse(good.ConnectionID, answerTo(good, 0)))
			err := srv.SendEndResponse(bad.ConnectionID, answerTo(bad, 34))
			if version < oftp.Version14 {
				assert.Equal(t, oftp.CodeNeeds20, code(t, err))
			} else {
				assert.NoError(t, err)
			}
			require.NoError(t, c.SendFile("", path, "LAST")) // gives the server the turn
			require.NoError(t, c.Logoff())
			e := await(t, receipts)
			assert.Equal(t, "GOOD", e.VirtualFileName)
			assert.Equal(t, stamped, e.VirtualFileDate)
			assert.Zero(t, e.ReasonCode)
			if version < oftp.Version14 {
				assert.Empty(t, receipts)
				return
			}
			e = await(t, receipts)
			assert.Equal(t, "BAD", e.VirtualFileName)
			assert.Equal(t, 34, e.ReasonCode)
			assert.Equal(t, "file processing failed", e.ReasonText)
			assert.Equal(t, serverCode, e.Creator)
		})
	}
}

func TestAReceiptMayBeSentFromTheHandlerItself(t *testing.T) {
	t.Parallel()
	hook, receipts := responses()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) {
			// Whether SendEndResponse is set back or not, there is one receipt.
			e.SendEndResponse = e.VirtualFileName == "CARELESS"
			assert.NoError(t, e.Connection.SendEndResponse(answerTo(*e, 0)))
		}
	})
	c := session(t, srv, func(c *oftp.Client) { c.OnEndResponse = hook })
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "CAREFUL"))
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "CARELESS"))
	require.NoError(t, c.Logoff())
	assert.Equal(t, "CAREFUL", await(t, receipts).VirtualFileName)
	assert.Equal(t, "CARELESS", await(t, receipts).VirtualFileName)
	assert.Empty(t, receipts)
}

func TestAReceiptComesInALaterSession(t *testing.T) {
	t.Parallel()
	srv, ends := leisurely(t, exactDate)
	hook, receipts := responses()
	c := session(t, srv, func(c *oftp.Client) { c.OnEndResponse = hook; set(t, c, exactDate) })
	path := writeFile(t, "f", nil)
	for _, name := range []string{"ONE", "TWO", "THREE"} {
		require.NoError(t, c.SendFile("", path, name))
	}
	require.NoError(t, c.Logoff())
	one, two, three := await(t, ends), await(t, ends), await(t, ends)
	// The connection is gone; its Connection still takes the answer.
	require.NoError(t, one.Connection.SendEndResponse(answerTo(one, 0)))
	require.NoError(t, srv.QueueEndResponse(clientCode, answerTo(two, 36)))
	assert.Empty(t, receipts)

	// A session at 1.3 has no negative responses: that one waits on.
	c.Version = oftp.Version13
	require.NoError(t, c.Logon(t.Context()))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	assert.Equal(t, "ONE", await(t, receipts).VirtualFileName)
	require.NoError(t, c.Logoff())
	assert.Empty(t, receipts)

	c.Version = oftp.Version20
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, srv.SendEndResponse(onlyConnection(t, srv).ConnectionID(), answerTo(three, 0)))
	require.NoError(t, c.Logoff())
	e := await(t, receipts)
	assert.Equal(t, "TWO", e.VirtualFileName)
	assert.Equal(t, two.VirtualFileDate, e.VirtualFileDate)
	assert.Equal(t, "THREE", await(t, receipts).VirtualFileName)
	_, err = c.ReceiveFiles()
	assert.ErrorIs(t, err, oftp.ErrNotConnected)
}

func TestWhichFileAReceiptIsFor(t *testing.T) {
	t.Parallel()
	srv, ends := leisurely(t)
	c := session(t, srv, nil)
	path := writeFile(t, "f", nil)
	for _, date := range []string{"202403151407330001", "202403151407330002"} {
		require.NoError(t, c.Connection().SetVirtualFileDate(date))
		require.NoError(t, c.SendFile("", path, "TWIN"))
	}
	first, second := await(t, ends), await(t, ends)
	require.Equal(t, first.VirtualFileDate, second.VirtualFileDate, "seconds do not tell them apart")
	id := first.ConnectionID
	err := srv.SendEndResponse(id, answerTo(first, 0))
	assert.Equal(t, oftp.CodeDate, code(t, err))
	assert.ErrorContains(t, err, "2 files match")

	unknown := answerTo(first, 0)
	unknown.VirtualFileName = "NEVER SEEN"
	assert.Equal(t, oftp.CodeDate, code(t, srv.SendEndResponse(id, unknown)))
	unknown = answerTo(first, 0)
	unknown.VirtualFileDate = "yesterday"
	assert.Equal(t, oftp.CodeDate, code(t, srv.SendEndResponse(id, unknown)))

	set(t, srv, exactDate)
	exact := answerTo(first, 0)
	for _, date := range []string{"202403151407330001", "202403151407330002"} {
		exact.VirtualFileDate = date
		assert.NoError(t, srv.SendEndResponse(id, exact))
		assert.Equal(t, oftp.CodeDate, code(t, srv.SendEndResponse(id, exact)), "one file, one receipt")
	}
}

func TestAForwardedReceipt(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { set(t, s, exactDate) })
	hook, receipts := responses()
	c := newClient(t, srv, func(c *oftp.Client) { c.OnEndResponse = hook; set(t, c, exactDate) })
	forward := oftp.EndResponse{
		VirtualFileName: "RELAYED", VirtualFileDate: stamp, Destination: "O0099MAKER", Originator: "O0099TAKER",
		Creator: "O0099CREATOR", ReasonCode: 35, ReasonText: "no such plant",
	}
	require.NoError(t, srv.QueueEndResponse(clientCode, forward))
	require.NoError(t, c.Logon(t.Context()))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	e := await(t, receipts)
	e.ConnectionID, e.Connection = "", nil
	assert.Equal(t, oftp.EndResponseEvent{
		VirtualFileName: "RELAYED", VirtualFileDate: stamp, Destination: "O0099MAKER", Originator: "O0099TAKER",
		Creator: "O0099CREATOR", ReasonCode: 35, ReasonText: "no such plant",
	}, e)
}

func TestAReceiptThatNoCommandCanCarryIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { set(t, s, exactDate) })
	good := oftp.EndResponse{VirtualFileName: "FILE", VirtualFileDate: stamp, Destination: "O0099MAKER"}
	cases := map[string]struct {
		change func(*oftp.EndResponse)
		code   int
	}{
		"name":       {func(e *oftp.EndResponse) { e.VirtualFileName = strings.Repeat("N", 27) }, oftp.CodeBuild},
		"recipient":  {func(e *oftp.EndResponse) { e.Destination = strings.Repeat("N", 26) }, oftp.CodeBuild},
		"originator": {func(e *oftp.EndResponse) { e.Originator = "A\x00B" }, oftp.CodeBuild},
		"creator":    {func(e *oftp.EndResponse) { e.Creator, e.ReasonCode = strings.Repeat("N", 26), 34 }, oftp.CodeBuild},
		"reason":     {func(e *oftp.EndResponse) { e.ReasonCode = 100 }, 10022},
		"negative":   {func(e *oftp.EndResponse) { e.ReasonCode = -1 }, 10022},
		"hash":       {func(e *oftp.EndResponse) { e.FileHash = "ab" }, 10045},
		"signature":  {func(e *oftp.EndResponse) { e.Signature = "ab" }, 10045},
	}
	for name, row := range cases {
		e := good
		row.change(&e)
		assert.Equal(t, row.code, code(t, srv.QueueEndResponse(clientCode, e)), name)
	}
	wordy := good
	wordy.ReasonCode, wordy.ReasonText = 34, strings.Repeat("words ", 1000)
	require.NoError(t, srv.QueueEndResponse(clientCode, wordy))
	hook, receipts := responses()
	c := session(t, srv, func(c *oftp.Client) { c.OnEndResponse = hook })
	_, err := c.ReceiveFiles()
	require.NoError(t, err, "nothing is in the way of the session")
	assert.Len(t, await(t, receipts).ReasonText, 999)
}

func TestAReceiptWhoseSendingFailsStaysOwed(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 2)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnDisconnected = func(*oftp.DisconnectedEvent) { gone <- struct{}{} }
	})
	p := loggedIn(t, srv, nil)
	p.deliver("FILE", "content")
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
	require.NoError(t, p.conn.Close()) // before RTR
	await(t, gone)
	again := loggedIn(t, srv, func(ssid *oftpwire.SSID) { ssid.Code = p.code })
	again.receipt("FILE")
}

func TestWhoGetsTheTurnAfterAReceipt(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			t.Parallel()
			ready, done := make(chan *oftp.Connection, 1), make(chan struct{})
			srv, ends := leisurely(t, fmt.Sprintf("CDAfterSendEndResponse=%v", on))
			srv.Shutdown()
			srv.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { ready <- e.Connection; <-done }
			srv.LocalPort = 0
			require.NoError(t, srv.StartListening())
			p := loggedIn(t, srv, nil)
			p.deliver("FILE", "content")
			file := await(t, ends)
			p.send(oftpwire.CD{})
			c := await(t, ready)
			sent := make(chan error, 1)
			go func() { sent <- c.SendEndResponse(answerTo(file, 0)) }()
			want[oftpwire.EERP](p)
			p.send(oftpwire.RTR{})
			require.NoError(t, await(t, sent))
			assert.Equal(t, !on, c.ReadyToSend())
			if !on {
				require.NoError(t, c.Logoff())
			}
			close(done)
			want[oftpwire.CD](p)
			p.quit()
		})
	}
}

func TestSendCDAfterEFPA(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "SendCDAfterEFPA=True")
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			path := writeFile(t, "f", nil)
			assert.NoError(t, e.Connection.SendFile("", path, "ONE"))
			assert.True(t, e.Connection.ReadyToSend(), "it has waited for the turn")
			assert.NoError(t, e.Connection.SendFile("", path, "TWO"))
			assert.NoError(t, e.Connection.Logoff())
		}
	})
	p := loggedIn(t, srv, nil)
	p.deliver("FIRST", "x")
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
	p.send(oftpwire.RTR{})
	for _, name := range []string{"ONE", "TWO"} {
		assert.Equal(t, name, want[oftpwire.SFID](p).Name)
		p.send(oftpwire.SFPA{})
		want[oftpwire.EFID](p)
		p.send(oftpwire.EFPA{}) // which does not ask for the turn
		want[oftpwire.CD](p)
		p.send(oftpwire.CD{})
	}
	want[oftpwire.ESID](p)
}

func TestAClientOwesReceiptsToo(t *testing.T) {
	t.Parallel()
	hook, receipts := responses()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndResponse = hook
		outbox(t, s, cargo{name: "DOWN", content: []byte("x")})
	})
	received, ends := transfers(oftp.FromServer)
	c := session(t, srv, func(c *oftp.Client) {
		c.OnEndTransfer = func(e *oftp.EndTransferEvent) { e.SendEndResponse = false; received(e) }
	})
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "UP"))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	assert.Empty(t, receipts)
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.Connection().SendEndResponse(answerTo(await(t, ends), 0)))
	assert.Equal(t, "DOWN", await(t, receipts).VirtualFileName, "it goes out at once")
	require.NoError(t, c.Logoff())
}
