package oftp_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSeveralFilesInOneTurn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		sent := false
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			for i := range 3 {
				if !sent {
					assert.NoError(t, e.Connection.SendFile("", writeFile(t, "f", random(3000)), fmt.Sprint("FILE", i)))
				}
			}
			sent = true
			assert.NoError(t, e.Connection.Logoff())
		}
	})
	hook, ends := transfers(oftp.FromServer)
	// This client asks for the turn after each file, to send receipts.
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "UP"))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	for i := range 3 {
		e := await(t, ends)
		assert.Equal(t, fmt.Sprint("FILE", i), e.VirtualFileName)
		sameFile(t, random(3000), e.LocalFile)
	}
	require.NoError(t, c.Logoff())
}

func TestAWorkerSendsAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	jobs, sent := make(chan *oftp.Connection, 10), make(chan error, 3)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { jobs <- e.Connection }
	})
	path := writeFile(t, "f", random(5000))
	go func() {
		c := <-jobs
		for i := range 3 {
			sent <- c.SendFile("", path, fmt.Sprint("FILE", i))
		}
		_ = c.Logoff()
		for c := range jobs {
			_ = c.Logoff()
		}
	}()
	hook, ends := transfers(oftp.FromServer)
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	require.NoError(t, c.SendFile("", path, "UP"))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, await(t, sent))
		sameFile(t, random(5000), await(t, ends).LocalFile)
	}
	require.NoError(t, c.Logoff())
	require.NoError(t, srv.ShutdownContext(t.Context())) // no handler runs any more
	close(jobs)
}

func TestPumpMode(t *testing.T) {
	t.Parallel()
	var j journal
	done := make(chan struct{})
	path := writeFile(t, "f", random(200_000))
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ProcessIdleEvents=False", "ExchangeBufferSize=1024")
		keep(&j, &s.Events)
		s.OnTransfer = func(*oftp.TransferEvent) {}
		sent := false
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			j.note("ReadyToSend")
			if !sent {
				sent = true
				assert.NoError(t, e.Connection.SendFile("", path, "DOWN"))
				return
			}
			assert.NoError(t, e.Connection.Logoff())
		}
		s.OnDisconnected = func(*oftp.DisconnectedEvent) { close(done) }
	})
	failed := make(chan error, 1)
	hook, ends := transfers(oftp.FromServer)
	c := newClient(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	go func() {
		err := c.Logon(t.Context())
		if err == nil {
			err = c.SendFile("", path, "UP")
		}
		if err == nil {
			_, err = c.ReceiveFiles()
		}
		if err == nil {
			err = c.Logoff()
		}
		failed <- err
	}()
	limit := time.After(patience)
	for running := true; running; {
		srv.DoEvents() // the only goroutine that handlers run on
		select {
		case <-done:
			running = false
		case <-limit:
			require.FailNow(t, "the session does not end", "%v", j.lines())
		default:
		}
	}
	require.NoError(t, await(t, failed))
	sameFile(t, random(200_000), await(t, ends).LocalFile)
	var events []string
	for _, line := range j.lines() {
		events = append(events, strings.Fields(line)[0])
	}
	assert.Equal(t, []string{
		"Connected", "AcceptFile", "StartTransfer", "EndTransfer", "ReadyToSend",
		"StartTransfer", "EndTransfer", "EndResponse", "ReadyToSend",
	}, events)
}

func TestMethodsInTheWrongHandlerFailAtOnce(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "f", random(5000))
	inHandlers := make(map[string]int)
	try := func(where string, c *oftp.Connection) {
		if inHandlers[where] == 0 {
			inHandlers[where] = code(t, c.SendFile("", path, "NESTED"))
		}
	}
	srv := newServer(t, func(s *oftp.Server) {
		accept := s.OnAcceptConnection
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { accept(e); try("AcceptConnection", e.Connection) }
		s.OnConnected = func(e *oftp.ConnectedEvent) { try("Connected", e.Connection) }
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { try("AcceptFile", e.Connection) }
		s.OnStartTransfer = func(e *oftp.StartTransferEvent) { try("StartTransfer", e.Connection) }
		s.OnTransfer = func(e *oftp.TransferEvent) {
			try(fmt.Sprint("Transfer ", e.Direction), e.Connection)
			assert.False(t, e.Direction == oftp.FromServer && e.Connection.ChangeDirection() == nil)
			assert.NoError(t, e.Connection.SetVirtualFileFormat(oftp.Unstructured))
		}
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) { try(fmt.Sprint("EndTransfer ", e.Direction), e.Connection) }
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) { try("Disconnected", e.Connection) }
		sent := false
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			if !sent {
				sent = true
				assert.NoError(t, e.Connection.SendFile("", path, "DOWN"))
			} else {
				assert.NoError(t, e.Connection.Logoff())
			}
		}
	})
	c := session(t, srv, nil)
	require.NoError(t, c.SendFile("", path, "UP"))
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	require.NoError(t, c.Logoff())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, srv.ShutdownContext(ctx))
	const notReady, busy, over = oftp.CodeSend, 10036, 10057
	assert.Equal(t, map[string]int{
		"Connected": notReady, "AcceptConnection": notReady, "AcceptFile": notReady, "StartTransfer": notReady,
		"Transfer 0": notReady, "EndTransfer 0": notReady, "Transfer 1": busy, "EndTransfer 1": busy, "Disconnected": over,
	}, inHandlers)
}

func TestLogoffBeforeTheTurn(t *testing.T) {
	t.Parallel()
	var j journal
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) { assert.NoError(t, e.Connection.Logoff()) }
		s.OnReadyToSend = func(*oftp.ReadyToSendEvent) { j.note("ReadyToSend") }
	})
	p := loggedIn(t, srv, nil)
	p.deliver("FILE", "x")
	p.receipt("FILE")
	assert.Empty(t, j.lines(), "the application has nothing to send")
}

func TestLogoffEndsTheSessionThatNothingWasSentIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			assert.True(t, e.Connection.ReadyToSend())
			if err := e.Connection.Logoff(); assert.NoError(t, err) {
				assert.False(t, e.Connection.ReadyToSend())
			}
		}
	})
	p := loggedIn(t, srv, nil)
	p.send(oftpwire.CD{})
	p.wantEnd(0)
}

func TestChangeDirection(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			assert.NoError(t, e.Connection.SendFile("", writeFile(t, "f", nil), "DOWN"))
			assert.NoError(t, e.Connection.ChangeDirection())
			assert.NoError(t, e.Connection.ChangeDirection(), "the turn is the partner's already")
			assert.False(t, e.Connection.ReadyToSend())
		}
	})
	p := loggedIn(t, srv, nil)
	p.send(oftpwire.CD{})
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.EFID](p)
	p.send(oftpwire.EFPA{})
	want[oftpwire.CD](p)
	p.quit()
}

func TestAHandlerThatDoesNothingHasItsTime(t *testing.T) {
	t.Parallel()
	ready := make(chan *oftp.Connection, 2)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { ready <- e.Connection }
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Connection.SetTimeout(50 * time.Millisecond) }
		s.OnEndResponse = func(e *oftp.EndResponseEvent) { e.Connection.SetTimeout(time.Minute) }
	})
	p := loggedIn(t, srv, nil)
	p.deliver("FILE", "x")
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
	p.send(oftpwire.RTR{})
	c := await(t, ready)
	want[oftpwire.CD](p)
	assert.Equal(t, oftp.CodeSend, code(t, c.SendFile("", writeFile(t, "f", nil), "LATE")))
	p.quit()
}

func TestAPartnerThatIsSilentIsToldSo(t *testing.T) {
	t.Parallel()
	ends := make(chan oftp.DisconnectedEvent, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetTimeout(20 * time.Millisecond) }
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ends <- *e }
	})
	p := loggedIn(t, srv, nil)
	p.wantEnd(9)
	assert.Equal(t, 10060, await(t, ends).StatusCode)
}

func TestEndingTheServerInHandlers(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*oftp.Server, *oftp.Connection){
		"Disconnect": func(_ *oftp.Server, c *oftp.Connection) { c.Disconnect() },
		"Shutdown":   func(s *oftp.Server, _ *oftp.Connection) { s.Shutdown() },
		"Reset":      func(s *oftp.Server, _ *oftp.Connection) { s.Reset() },
		"panic":      func(*oftp.Server, *oftp.Connection) { panic("at the disco") },
	}
	places := map[string]func(*oftp.Server, func(*oftp.Connection)){
		"Connected": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnConnected = func(e *oftp.ConnectedEvent) { f(e.Connection) }
		},
		"AcceptConnection": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { f(e.Connection) }
		},
		"AcceptFile": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { f(e.Connection) }
		},
		"Transfer": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnTransfer = func(e *oftp.TransferEvent) { f(e.Connection) }
		},
		"EndTransfer": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnEndTransfer = func(e *oftp.EndTransferEvent) { f(e.Connection) }
		},
		"ReadyToSend": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { f(e.Connection) }
		},
		"PITrail": func(s *oftp.Server, f func(*oftp.Connection)) {
			s.OnPITrail = func(e *oftp.PITrailEvent) { f(e.Connection) }
		},
	}
	for place, hook := range places {
		for way, end := range ways {
			if way == "Reset" && (place == "Connected" || place == "PITrail") {
				continue // it changes LocalPort, which this goroutine reads, before anything is received
			}
			ends, faults := make(chan struct{}), make(chan string, 100)
			srv := newServer(t, func(s *oftp.Server) {
				hook(s, func(c *oftp.Connection) { end(s, c) })
				s.OnDisconnected = func(*oftp.DisconnectedEvent) { close(ends) }
				s.OnError = func(e *oftp.ErrorEvent) { faults <- e.Description }
			})
			c := newClient(t, srv, nil)
			err := c.Logon(t.Context())
			if err == nil {
				err = c.SendFile("", writeFile(t, "f", random(5000)), "UP")
			}
			if err == nil {
				err = c.Logoff()
			}
			assert.False(t, err == nil && place != "ReadyToSend" && place != "EndTransfer", "%s in %s", way, place)
			await(t, ends)
			if way == "panic" {
				assert.Contains(t, await(t, faults), "at the disco")
			}
			c.Disconnect()
			srv.Shutdown()
		}
	}
}

// A gate is a stream that ends only when it is let.
type gate struct {
	first  io.Reader
	opened chan struct{}
}

func (g *gate) Read(p []byte) (int, error) {
	if n, err := g.first.Read(p); err == nil {
		return n, nil
	}
	<-g.opened
	return 0, io.EOF
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromServer)
	moving, interrupted := make(chan *oftp.Connection, 1), make(chan error, 2)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnTransfer = func(e *oftp.TransferEvent) {
			select {
			case moving <- e.Connection:
				e.Connection.Interrupt()
			default:
			}
		}
		sent := false
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			e.Connection.Interrupt() // nothing is being sent: no effect
			if !sent {
				sent = true
				interrupted <- e.Connection.SendFile("", writeFile(t, "f", random(2<<20)), "CUT")
				interrupted <- e.Connection.SendFile("", writeFile(t, "f", random(2<<20)), "WHOLE")
			}
			assert.NoError(t, e.Connection.Logoff())
		}
	})
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	assert.ErrorIs(t, await(t, interrupted), oftp.ErrInterrupted)
	assert.NoError(t, await(t, interrupted), "the session goes on")
	cut, whole := await(t, ends), await(t, ends)
	assert.Equal(t, "CUT", cut.VirtualFileName)
	assert.Equal(t, 21, cut.ReasonCode, "the counts are impossible")
	assert.NoFileExists(t, cut.LocalFile)
	sameFile(t, random(2<<20), whole.LocalFile)
	left, err := filepath.Glob(filepath.Join(c.DownloadDirectory, ".oftp*"))
	require.NoError(t, err)
	assert.Empty(t, left, "a file that was given up is not kept for a restart")
	require.NoError(t, c.Logoff())
}

func TestInterruptFromAnotherGoroutine(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	started := make(chan struct{})
	c := session(t, srv, func(c *oftp.Client) {
		c.OnStartTransfer = func(*oftp.StartTransferEvent) { close(started) }
	})
	g := &gate{strings.NewReader("begun"), make(chan struct{})}
	c.Connection().SetUploadStream(g)
	failed := make(chan error, 1)
	go func() { failed <- c.SendFile("", "", "F") }()
	<-started
	assert.ErrorIs(t, c.SendFile("", "", "G"), oftp.ErrBusy)
	assert.ErrorIs(t, c.Logoff(), oftp.ErrBusy)
	_, err := c.ReceiveFiles()
	assert.ErrorIs(t, err, oftp.ErrBusy)
	c.Connection().Interrupt()
	c.Connection().Interrupt()
	close(g.opened)
	err = await(t, failed)
	if err != nil { // the last buffer may have been read already
		assert.ErrorIs(t, err, oftp.ErrInterrupted)
	}
	require.NoError(t, c.Logoff())
}

func TestAPartnerThatEndsTheSessionHasNotConfirmedTheFile(t *testing.T) {
	t.Parallel()
	for _, reason := range []int{0, 5, 99} {
		t.Run(fmt.Sprint(reason), func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			hook, ends := transfers(oftp.FromClient)
			c := oftp.NewClient()
			c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", d.port(), clientCode
			c.OnEndTransfer = hook
			t.Cleanup(c.Disconnect)
			failed := make(chan error, 1)
			path := writeFile(t, "f", []byte("f"))
			go func() {
				err := c.Logon(t.Context())
				if err == nil {
					err = c.SendFile("", path, "F")
				}
				failed <- err
			}()
			p := d.accept()
			p.send(oftpwire.SSRM{})
			want[oftpwire.SSID](p)
			p.send(p.newSSID())
			want[oftpwire.SFID](p)
			p.send(oftpwire.SFPA{})
			want[oftpwire.DATA](p)
			want[oftpwire.EFID](p)
			p.send(oftpwire.ESID{Reason: reason})
			err := await(t, failed)
			require.Error(t, err, "the file may not have arrived")
			assert.Equal(t, oftp.CodeProtocol, code(t, err))
			assert.NotZero(t, await(t, ends).ReasonCode)
		})
	}
}

func TestAFileThatChangesUnderWay(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "f", random(4<<20))
	srv := newServer(t, nil)
	shrunk := false
	c := session(t, srv, func(c *oftp.Client) {
		c.OnStartTransfer = func(*oftp.StartTransferEvent) {
			if !shrunk {
				assert.NoError(t, os.Truncate(path, 1000))
				shrunk = true
			}
		}
	})
	require.NoError(t, c.SendFile("", path, "F"), "what was read is what counts")
	sameFile(t, random(4 << 20)[:1000], filepath.Join(inboxOf(t, srv), "F"))
}

// An application may call methods from everywhere at any time: some calls fail,
// and nothing else happens.
func TestMethodsFromEverywhere(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	conns := make(chan *oftp.Connection, 1)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ExchangeBufferSize=500", "ReceivedFileNameFormat=%GUID%")
		s.OnEndTransfer = hook
		s.OnEndResponse = func(*oftp.EndResponseEvent) {}
		s.OnPITrail = func(*oftp.PITrailEvent) {}
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			select {
			case conns <- e.Connection:
			default:
			}
			_ = e.Connection.Logoff()
		}
	})
	c := session(t, srv, func(c *oftp.Client) { set(t, c, "ReceivedFileNameFormat=%GUID%") })
	path := writeFile(t, "f", random(20_000))
	require.NoError(t, c.SendFile("", path, "FIRST"))
	var meddlers sync.WaitGroup
	methods := []func(*oftp.Connection){
		func(c *oftp.Connection) { _ = c.SendFile("", path, "DOWN") },
		func(c *oftp.Connection) { _ = c.Logoff() },
		func(c *oftp.Connection) { _ = c.ChangeDirection() },
		func(c *oftp.Connection) { c.Interrupt() },
		func(c *oftp.Connection) { _ = c.SendEndResponse(oftp.EndResponse{VirtualFileName: "NONE"}) },
		func(c *oftp.Connection) { _ = c.SetVirtualFileDate(""); _ = c.ReadyToSend(); _ = c.VirtualFileFormat() },
		func(c *oftp.Connection) { _, _ = srv.Config("Retry[" + c.ConnectionID() + "]") },
	}
	_ = c.SendFile("", path, "SECOND") // lets the server have its turn
	conn := await(t, conns)
	for _, method := range methods {
		meddlers.Go(func() {
			for range 300 {
				method(conn)
			}
		})
	}
	sent := 2
	for range 10 {
		if c.SendFile("", path, "UP") != nil {
			break // a Logoff of the server's has ended the session
		}
		sent++
	}
	_ = c.Logoff()
	meddlers.Wait()
	for range sent {
		if e := await(t, ends); e.ReasonCode == 0 {
			sameFile(t, random(20_000), e.LocalFile)
		}
	}
	requireServing(t, srv)
}

// A handler that sends one file at a time hears of every turn.
func TestEveryTurnIsTold(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "f", random(100))
	left := 3
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			if left == 0 {
				assert.NoError(t, e.Connection.Logoff())
				return
			}
			left--
			assert.NoError(t, e.Connection.SendFile("", path, fmt.Sprint("FILE", left)))
		}
	})
	hook, ends := transfers(oftp.FromServer)
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = hook })
	_, err := c.ReceiveFiles()
	require.NoError(t, err)
	for range 3 {
		assert.Zero(t, await(t, ends).ReasonCode)
	}
	require.NoError(t, c.Logoff())
}
