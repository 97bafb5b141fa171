package tcpserver

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainAnswers are what an explicit server says in the clear, as much of SMTP
// (RFC 3207), FTP (RFC 4217), POP3 and IMAP (RFC 2595) as a client needs to ask
// for TLS.
var plainAnswers = map[string]string{
	"EHLO":        "250-here\r\n250 STARTTLS\r\n",
	"LHLO":        "250-here\r\n250 STARTTLS\r\n",
	". CAPABILIT": "* CAPABILITY STARTTLS\r\n. OK\r\n",
	"STARTTLS":    "220 go ahead\r\n",
	"AUTH TLS":    "234 go ahead\r\n",
	"STLS":        "+OK go ahead\r\n",
	". STARTTLS":  ". OK go ahead\r\n",
}

// explicit is a server of lines with TLS on demand: it greets, answers what
// plainAnswers has, begins TLS when it has told the client to go ahead, and echoes
// everything else until "quit".
func explicit() *Server {
	srv := NewServer()
	srv.SSLStartMode, srv.SSLCert = StartExplicit, ecServer()
	srv.DefaultEOL = "\r\n"
	srv.OnConnected = func(e *ConnectedEvent) {
		if e.StatusCode == 0 && !e.Connection.SSLEnabled() {
			_, _ = e.Connection.SendLine("220 here")
		}
	}
	srv.OnDataIn = obey
	return srv
}

func obey(e *DataInEvent) {
	c, line := e.Connection, e.Text()
	for command, answer := range plainAnswers {
		if !strings.HasPrefix(line, command) || c.SSLEnabled() {
			continue
		}
		_, _ = c.SendText(answer)
		if strings.HasSuffix(answer, "go ahead\r\n") {
			_ = c.StartSSL() // the event Connected tells how it went
		}
		return
	}
	if line == "quit" {
		_, _ = c.SendLine("bye")
		c.Disconnect()
		return
	}
	_, _ = c.SendLine(line)
}

// asked is a client that has asked an explicit server for TLS and was told to go
// ahead.
func asked(t *testing.T, srv *Server) *peer {
	t.Helper()
	p := dial(t, srv.core)
	p.hear("220 here\r\n")
	p.say("STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	return p
}

// upgraded is a client that got its TLS.
func upgraded(t *testing.T, srv *Server, change func(*tls.Config)) *peer {
	t.Helper()
	p, err := tryUpgrade(t, asked(t, srv), change)
	require.NoError(t, err)
	return p
}

// tryUpgrade is a TLS handshake over the connection of p.
func tryUpgrade(t *testing.T, p *peer, change func(*tls.Config)) (*peer, error) {
	t.Helper()
	conf := trusting()
	if change != nil {
		change(conf)
	}
	c := tls.Client(p.Conn, conf)
	return newPeer(t, c), c.Handshake()
}

// expectAsked waits for the events of a client up to its asking for TLS.
func (j *journal) expectAsked(t *testing.T) entry {
	t.Helper()
	return j.expect(t, "Connected", "ReadyToSend", `DataIn "STARTTLS"`)
}

// An eager client puts something in front of the first octets that TLS writes,
// and skips the plain answer before the first that TLS reads.
type eager struct {
	net.Conn
	first  string
	answer int
	send   func(nc net.Conn, p []byte) error
}

func (e *eager) Write(p []byte) (int, error) {
	if e.first == "" {
		return e.Conn.Write(p)
	}
	all := append([]byte(e.first), p...)
	e.first = ""
	return len(p), e.send(e.Conn, all)
}

func (e *eager) Read(p []byte) (int, error) {
	if e.answer > 0 {
		if _, err := io.CopyN(io.Discard, e.Conn, int64(e.answer)); err != nil {
			return 0, err
		}
		e.answer = 0
	}
	return e.Conn.Read(p)
}

// A terminal is a program that a test types into.
type terminal struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

// opened starts a program, which ends with the test at the latest.
func opened(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		_ = cmd.Process.Kill() // it has mostly ended
		_ = cmd.Wait()
	})
	return &terminal{t, in, bufio.NewReader(out)}
}

// childRole is the variable that tells this test binary which test it is a child
// of.
const childRole = "EDIPORT_TEST_CHILD"

// isChild reports whether this process is a child of the test.
func isChild(t *testing.T) bool { return os.Getenv(childRole) == t.Name() }

// child is a process that runs the test and no other.
func child(t *testing.T, environment ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(append(os.Environ(), childRole+"="+t.Name()), environment...)
	return cmd
}

func (p *terminal) enter(text string) {
	p.t.Helper()
	_, err := io.WriteString(p.in, text)
	require.NoError(p.t, err)
}

// shows waits for the text in what the program prints.
func (p *terminal) shows(text string) {
	p.t.Helper()
	var seen strings.Builder
	for !strings.HasSuffix(seen.String(), text) {
		b, err := p.out.ReadByte()
		if err != nil {
			require.FailNow(p.t, "the program has ended", "before %q came; it said %q", text, seen.String())
		}
		seen.WriteByte(b)
	}
}

// showed asserts whose certificate the server has shown.
func (p *peer) showed(name string) {
	p.t.Helper()
	assert.Equal(p.t, name, p.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName)
}
