package oftp_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatListeningNeeds(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*oftp.Server)
		code   int
	}{
		"SSID":             {func(s *oftp.Server) { s.ServerSSIDCode = "" }, oftp.CodeNoServerSSID},
		"SFID":             {func(s *oftp.Server) { s.ServerSFIDCode = "" }, oftp.CodeNoServerSFID},
		"long SSID":        {func(s *oftp.Server) { s.ServerSSIDCode = strings.Repeat("X", 26) }, 10022},
		"long password":    {func(s *oftp.Server) { s.ServerPassword = "123456789" }, 10022},
		"port":             {func(s *oftp.Server) { s.LocalPort = 70000 }, 10022},
		"TLS certificate":  {func(s *oftp.Server) { s.UseSSL = true }, 282},
		"address":          {func(s *oftp.Server) { s.LocalHost = "192.0.2.1" }, 10049},
		"negative timeout": {func(s *oftp.Server) { s.DefaultTimeout = -1 }, 10022},
	}
	for name, row := range cases {
		s := oftp.NewServer()
		s.LocalHost, s.LocalPort, s.ServerSSIDCode, s.ServerSFIDCode = "127.0.0.1", 0, serverCode, serverCode
		row.change(s)
		err := s.StartListening()
		assert.Equal(t, row.code, code(t, err), "%s: %v", name, err)
		assert.False(t, s.Listening())
		assert.Nil(t, s.Addr())
	}
}

func TestListening(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	assert.True(t, srv.Listening())
	assert.Equal(t, srv.LocalPort, srv.Addr().(*net.TCPAddr).Port)
	assert.ErrorIs(t, srv.StartListening(), oftp.ErrAlreadyListening)

	other := oftp.NewServer()
	other.LocalHost, other.LocalPort, other.ServerSSIDCode, other.ServerSFIDCode = "127.0.0.1", srv.LocalPort, serverCode, serverCode
	assert.Equal(t, 10048, code(t, other.StartListening()))

	c := session(t, srv, nil)
	srv.StopListening()
	assert.False(t, srv.Listening())
	assert.Error(t, newClient(t, srv, nil).Logon(t.Context()))
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F"), "sessions go on")
	require.NoError(t, srv.StartListening())
	session(t, srv, nil)
	srv.Shutdown()
	require.NoError(t, srv.StartListening(), "again after Shutdown")
	require.NoError(t, session(t, srv, nil).Logoff())
}

func TestReset(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { set(t, s, "LogLevel=3", "CreditCount=7", "MaxConnections=5") })
	srv.Reset()
	fresh := oftp.NewServer()
	assert.Equal(t, fresh.LocalPort, srv.LocalPort)
	assert.Equal(t, fresh.DefaultTimeout, srv.DefaultTimeout)
	assert.Empty(t, srv.ServerSSIDCode+srv.ServerSFIDCode+srv.ServerPassword+srv.LocalHost)
	for name, want := range map[string]string{"LogLevel": "1", "CreditCount": "999", "MaxConnections": "1000"} {
		got, err := srv.Config(name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	srv.LocalHost, srv.LocalPort, srv.ServerSSIDCode, srv.ServerSFIDCode = "127.0.0.1", 0, serverCode, serverCode
	require.NoError(t, srv.StartListening())
	c := session(t, srv, func(c *oftp.Client) { c.ServerPassword = "" })
	require.NoError(t, c.Logoff(), "hooks stay")
}

func TestServeOnAListener(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	c := session(t, srv, func(c *oftp.Client) { c.RemotePort = l.Addr().(*net.TCPAddr).Port })
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F"))
	require.NoError(t, c.Logoff())
	srv.Shutdown()
	require.NoError(t, await(t, served))
}

func TestServeOneConnection(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(far) }()
	p := newPeer(t, near)
	p.login(nil)
	p.deliver("FILE", "x")
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
	p.send(oftpwire.RTR{})
	want[oftpwire.CD](p)
	p.send(oftpwire.ESID{})
	require.NoError(t, near.Close())
	assert.NoError(t, await(t, served))

	near, far = net.Pipe()
	go func() { served <- srv.ServeConn(far) }()
	p = newPeer(t, near)
	p.login(nil)
	require.NoError(t, near.Close())
	assert.Equal(t, 10054, code(t, await(t, served)), "broken")
}

func TestShutdownContextLetsATransferFinish(t *testing.T) {
	t.Parallel()
	for _, receipt := range []bool{false, true} {
		t.Run(fmt.Sprint("receipt owed ", receipt), func(t *testing.T) {
			t.Parallel()
			begun, goOn := make(chan struct{}), make(chan struct{})
			hook, ends := transfers(oftp.FromClient)
			srv := newServer(t, func(s *oftp.Server) {
				s.OnStartTransfer = func(*oftp.StartTransferEvent) { close(begun); <-goOn }
				s.OnEndTransfer = func(e *oftp.EndTransferEvent) { e.SendEndResponse = receipt; hook(e) }
			})
			gone := make(chan oftp.DisconnectedEvent, 1)
			busy := session(t, srv, nil)
			idle := session(t, srv, func(c *oftp.Client) {
				c.OnDisconnected = func(e *oftp.DisconnectedEvent) { gone <- *e }
			})
			sent := make(chan error, 1)
			path := writeFile(t, "f", random(300_000))
			go func() { sent <- busy.SendFile("", path, "F") }()
			<-begun
			down := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				down <- srv.ShutdownContext(ctx)
			}()
			assert.Contains(t, await(t, gone).Description, "reason 05") // the idle session, while the other is under way
			assert.ErrorIs(t, idle.SendFile("", path, "G"), oftp.ErrNotConnected)
			close(goOn)
			require.NoError(t, await(t, sent))
			_ = busy.Logoff() // takes the receipt; the server may be faster with its end
			arrived(t, cargo{name: "F", content: random(300_000)}, await(t, ends))
			assert.NoError(t, await(t, down))
		})
	}
}

func TestShutdownContextBreaksWhatLastsTooLong(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	srv := newServer(t, nil)
	c := session(t, srv, func(c *oftp.Client) {
		c.OnStartTransfer = func(*oftp.StartTransferEvent) { close(begun) }
	})
	g := &gate{strings.NewReader("begun"), make(chan struct{})}
	c.Connection().SetUploadStream(g)
	sent := make(chan error, 1)
	go func() { sent <- c.SendFile("", "", "F") }()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, srv.ShutdownContext(ctx), context.DeadlineExceeded)
	close(g.opened)
	assert.Error(t, await(t, sent))
}

func TestShutdownWhileTheApplicationHasTheTurn(t *testing.T) {
	t.Parallel()
	ready := make(chan *oftp.Connection, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { ready <- e.Connection }
	})
	p := loggedIn(t, srv, nil)
	p.deliver("FILE", "x")
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
	p.send(oftpwire.RTR{})
	c := await(t, ready)
	go func() { _ = srv.ShutdownContext(context.Background()) }()
	want[oftpwire.CD](p)
	assert.Equal(t, 5, want[oftpwire.ESID](p).Reason)
	p.hangUp()
	assert.Error(t, c.SendFile("", "x", "X"))
}

func TestIdleTimeoutAndLoginTimeout(t *testing.T) {
	t.Parallel()
	ends := make(chan oftp.DisconnectedEvent, 1)
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "DefaultIdleTimeout=0.2", "LoginTimeout=30")
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ends <- *e }
	})
	loggedIn(t, srv, nil)
	e := await(t, ends)
	assert.Equal(t, 10060, e.StatusCode)
	assert.Contains(t, e.Description, "idle")

	set(t, srv, "DefaultIdleTimeout=0", "LoginTimeout=0.2")
	dialPeer(t, srv)
	e = await(t, ends)
	assert.Equal(t, 10060, e.StatusCode)
	assert.Contains(t, e.Description, "LoginTimeout")
}

// long says whether tests of scale run in full.
var long = os.Getenv("EDIPORT_LONG") != ""

// usage is what a process holds besides memory. Descriptors are counted where
// the system shows them.
func usage() (goroutines, descriptors int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	return runtime.NumGoroutine(), len(entries)
}

// settled waits until what is held falls to what it was.
func settled(t *testing.T, goroutines, descriptors int) {
	t.Helper()
	require.Eventually(t, func() bool {
		g, d := usage()
		return g <= goroutines+1 && d <= descriptors // this function has a goroutine of its own
	}, patience, 10*time.Millisecond, "of %d goroutines and %d descriptors more are left over", goroutines, descriptors)
}

// The tests of scale are not parallel: they count what the process holds.

func TestManySessionsAtOnce(t *testing.T) {
	sessions, files := 50, 5
	if long {
		sessions = 200
	}
	crowd(t, 1, files) // opens what the runtime keeps
	g, d := usage()
	crowd(t, sessions, files)
	settled(t, g, d)
}

// crowd lets so many clients at once deliver so many files each, and looks at
// them all.
func crowd(t *testing.T, sessions, files int) {
	t.Helper()
	hook, ends := transfers(oftp.FromClient)
	inbox := t.TempDir()
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ReceivedFileNameFormat=%Originator%/%VirtualFileName%")
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
		s.OnEndTransfer = hook
	})
	content, paths := make([][]byte, files), make([]string, files)
	for i := range files {
		content[i] = random(10_000 * i)
		paths[i] = writeFile(t, "f", content[i])
	}
	var wg sync.WaitGroup
	for n := range sessions {
		wg.Go(func() { deliver(t, srv.LocalPort, clientCode+strconv.Itoa(n), paths) })
	}
	for range sessions * files {
		assert.Zero(t, await(t, ends).ReasonCode)
	}
	wg.Wait()
	for n := range sessions {
		for i := range files {
			sameFile(t, content[i], filepath.Join(inbox, clientCode+strconv.Itoa(n), "FILE"+strconv.Itoa(i)))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, srv.ShutdownContext(ctx))
}

// deliver is a session of a client of its own.
func deliver(t *testing.T, port int, code string, paths []string) {
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", port, code
	defer c.Disconnect()
	if !assert.NoError(t, c.Logon(context.Background())) {
		return
	}
	for i, path := range paths {
		assert.NoError(t, c.SendFile("", path, "FILE"+strconv.Itoa(i)))
	}
	assert.NoError(t, c.Logoff())
}

func TestManySessionsOneAfterTheOther(t *testing.T) {
	sessions := 300
	if long {
		sessions = 20_000
	}
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Overwrite = true }
	})
	c := newClient(t, srv, nil)
	path := writeFile(t, "f", random(1000))
	rounds := func(n int) {
		for i := range n {
			c.ClientSSIDCode = clientCode + strconv.Itoa(i%1000)
			require.NoError(t, c.Logon(t.Context()))
			require.NoError(t, c.SendFile("", path, "FILE"))
			require.NoError(t, c.Logoff())
		}
	}
	rounds(sessions / 3)
	g, d := usage()
	before := heap()
	rounds(sessions)
	settled(t, g+2, d+2) // the last session may not have ended yet
	assert.Less(t, heap(), before+2<<20, "memory grows")
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
