package tcpserver

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStartSSLWithOpenSSL(t *testing.T) {
	t.Parallel()
	path := needs.Program(t, "openssl")
	asks := map[string][]string{
		"smtp": {`DataIn "EHLO mail.example.com"`, `DataIn "STARTTLS"`},
		"lmtp": {`DataIn "LHLO mail.example.com"`, `DataIn "STARTTLS"`},
		"ftp":  {`DataIn "AUTH TLS"`},
		"pop3": {`DataIn "STLS"`},
		"imap": {`DataIn ". CAPABILITY"`, `DataIn ". STARTTLS"`},
	}
	for protocol, plain := range asks {
		for flag, version := range map[string]string{"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"} {
			t.Run(protocol+" "+version, func(t *testing.T) {
				t.Parallel()
				srv := explicit()
				j := serve(t, srv)
				args := []string{"s_client", "-connect", srv.Addr().String(), "-starttls", protocol, flag, "-crlf", "-ign_eof"}
				if protocol == "smtp" || protocol == "lmtp" {
					args = append(args, "-name", "mail.example.com")
				}
				cmd := exec.CommandContext(t.Context(), path, args...)
				cmd.Stdin = strings.NewReader("hello from openssl\nquit\n")
				out, _ := cmd.CombinedOutput() // its exit code tells of verification too
				assert.Contains(t, string(out), "hello from openssl\r\nbye\r\n")

				first := j.expect(t, "Connected", "ReadyToSend")
				j.expect(t, plain...)
				secure := j.expect(t, "Connected")
				assert.Equal(t, "OK", secure.text)
				assert.Same(t, first.conn, secure.conn)
				j.expect(t, `DataIn "hello from openssl"`, `DataIn "quit"`, "Disconnected")
				assert.True(t, secure.conn.SSLEnabled(), "it tells what was")
			})
		}
	}
}

func TestStartSSL(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			j := serve(t, srv)
			p := upgraded(t, srv, func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
			conn := j.expectAsked(t).conn
			j.expect(t, "Connected")
			assert.True(t, conn.SSLEnabled())
			agreed, err := srv.Config("SSLNegotiatedVersion[" + conn.ConnectionID() + "]")
			require.NoError(t, err)
			assert.Equal(t, strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1), agreed)

			p.say("hello\r\nSTARTTLS\r\n")
			p.hear("hello\r\n")
			p.hear("STARTTLS\r\n") // no command any more
			_, err = conn.SendLine("from outside")
			require.NoError(t, err)
			p.hear("from outside\r\n")
			p.say("quit\r\n")
			p.hear("bye\r\n")
			p.ended()
			j.expect(t, `DataIn "hello"`, `DataIn "STARTTLS"`, `DataIn "quit"`, "Disconnected")
			j.silent(t)
		})
	}
}

func TestStartSSLFails(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		settings []string
		act      func(t *testing.T, p *peer)
		code     int
		says     string
	}{
		{"rubbish", nil, func(_ *testing.T, p *peer) { p.say("EHLO again\r\n") }, 276, "does not look like a TLS handshake"},
		{"a hang-up", nil, func(t *testing.T, p *peer) { require.NoError(t, p.Close()) }, 276, "EOF"},
		{"a hang-up in mid-record", nil, func(t *testing.T, p *peer) {
			p.say("\x16\x03\x01\x02\x00\x01\x00")
			require.NoError(t, p.Close())
		}, 10054, "EOF"},
		{"a half-closed socket", nil, func(t *testing.T, p *peer) {
			require.NoError(t, p.Conn.(*net.TCPConn).CloseWrite())
		}, 276, "EOF"},
		{"a reset", nil, func(_ *testing.T, p *peer) { p.reset() }, 10054, "reset"},
		{"silence", []string{"DefaultConnectionTimeout=0.02", "LoginTimeout=0"}, func(*testing.T, *peer) {}, 10060, "timeout"},
		{"silence in mid-record", []string{"DefaultConnectionTimeout=0.02", "LoginTimeout=0"}, func(_ *testing.T, p *peer) {
			p.say("\x16\x03\x01\x02\x00\x01\x00")
		}, 10060, "timeout"},
		{"silence until LoginTimeout", []string{"LoginTimeout=0.02"}, func(*testing.T, *peer) {}, 10060, "LoginTimeout"},
		{"a client that does not trust", nil, func(t *testing.T, p *peer) {
			_, err := tryUpgrade(t, p, func(c *tls.Config) { c.RootCAs = nil })
			assert.Error(t, err)
		}, 276, "bad certificate"},
		{"a version that is off", []string{"SSLEnabledProtocols=12288"}, func(t *testing.T, p *peer) {
			_, err := tryUpgrade(t, p, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
			assert.Error(t, err)
		}, 276, "version"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			set(t, srv, c.settings...)
			j := serve(t, srv)
			p := asked(t, srv)
			conn := j.expectAsked(t).conn
			c.act(t, p)
			failed := j.expect(t, fmt.Sprintf("Connected %d", c.code))
			assert.Contains(t, failed.text, c.says)
			_ = p.Close() // so that the server need not wait for its farewell
			last := j.expect(t, fmt.Sprintf("Disconnected %d", c.code))
			assert.Contains(t, failed.text, last.text) // it names the handshake, too
			assert.False(t, conn.SSLEnabled())
			assert.False(t, conn.Connected())
			j.silent(t)
		})
	}
}

// LoginTimeout limits the handshake, not what comes after it.
func TestStartSSLEndsLoginTimeout(t *testing.T) {
	t.Parallel()
	srv := explicit()
	set(t, srv, "LoginTimeout=0.5")
	j := serve(t, srv)
	p := upgraded(t, srv, nil)
	j.expectAsked(t)
	j.expect(t, "Connected")
	asked(t, srv) // and says nothing more
	assert.Equal(t, 10060, j.until(t, "Disconnected").code)
	p.say("hello\r\n")
	p.hear("hello\r\n")
}

// While a handshake drags on, others are served.
func TestStartSSLOfOneConcernsNoOther(t *testing.T) {
	t.Parallel()
	srv := explicit()
	serve(t, srv)
	asked(t, srv) // and says nothing more
	p := upgraded(t, srv, nil)
	p.say("hello\r\n")
	p.hear("hello\r\n")
}

func TestStartSSLTakesWhatCameBehind(t *testing.T) {
	t.Parallel()
	whole := func(nc net.Conn, p []byte) error { _, err := nc.Write(p); return err }
	ways := map[string]func(net.Conn, []byte) error{
		"one packet": whole,
		"octets": func(nc net.Conn, p []byte) error {
			for i := range p {
				if err := whole(nc, p[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		},
		"half a ClientHello": func(nc net.Conn, p []byte) error {
			if err := whole(nc, p[:100]); err != nil {
				return err
			}
			return whole(nc, p[100:])
		},
	}
	for name, send := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			j := serve(t, srv)
			p := dial(t, srv.core)
			p.hear("220 here\r\n")
			p.Conn = &eager{Conn: p.Conn, first: "STARTTLS\r\n", answer: len("220 go ahead\r\n"), send: send}
			secure, err := tryUpgrade(t, p, nil)
			require.NoError(t, err)
			secure.say("hello\r\n")
			secure.hear("hello\r\n")
			j.expectAsked(t)
			j.expect(t, "Connected", `DataIn "hello"`)
		})
	}
}

// The attack of CVE-2011-0411: what somebody on the way puts behind STARTTLS in
// the clear must not count as said under TLS, nor at all.
func TestStartSSLKeepsPlaintextOut(t *testing.T) {
	t.Parallel()
	injected := map[string]string{
		"a command":    "RCPT TO:<eve@example.com>\r\n",
		"commands":     strings.Repeat("RCPT TO:<eve@example.com>\r\n", 1000),
		"half a line":  "RCPT TO:<eve",
		"an empty one": "\r\n\r\n\r\n",
	}
	for name, text := range injected {
		for _, honest := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a handshake behind it %t", name, honest), func(t *testing.T) {
				t.Parallel()
				srv := explicit()
				j := serve(t, srv)
				p := dial(t, srv.core)
				p.hear("220 here\r\n")
				if honest {
					p.Conn = &eager{Conn: p.Conn, first: "STARTTLS\r\n" + text, answer: len("220 go ahead\r\n"), send: func(nc net.Conn, p []byte) error {
						_, err := nc.Write(p)
						return err
					}}
					_, err := tryUpgrade(t, p, nil)
					assert.Error(t, err)
				} else {
					p.say("STARTTLS\r\n" + text)
				}
				if name == "half a line" && !honest { // TLS may wait for the rest of a record
					require.NoError(t, p.Conn.(*net.TCPConn).CloseWrite())
				}
				j.expectAsked(t)
				j.expect(t, "Connected 276")
				_ = p.Close() // so that the server need not wait for its farewell
				j.expect(t, "Disconnected 276")
				j.silent(t)
			})
		}
	}
}

// What came behind STARTTLS does not turn up as DataIn either when the connection
// ends before the handshake has begun.
func TestStartSSLKeepsPlaintextOutAtTheEnd(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.OnDataIn = func(e *DataInEvent) {
		obey(e)
		e.Connection.Disconnect()
	}
	j := serve(t, srv)
	p := dial(t, srv.core)
	p.say("STARTTLS\r\nRCPT TO:<eve@example.com>\r\nRCPT")
	_ = p.broken()
	j.expectAsked(t)
	assert.NotContains(t, j.next(t).String(), "RCPT")
}

func TestStartSSLWhileIdle(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := serve(t, srv)
	p := dial(t, srv.core)
	p.hear("220 here\r\n")
	p.say("hello\r\n")
	p.hear("hello\r\n")
	conn := j.expect(t, "Connected", "ReadyToSend", `DataIn "hello"`).conn
	require.NoError(t, srv.StartSSL(conn.ConnectionID()))
	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	j.expect(t, "Connected")
	secure.say("hello again\r\n")
	secure.hear("hello again\r\n")
}

// Data that waits for the end of a pause is not mistaken for TLS, nor lost.
func TestStartSSLOfAPausedConnection(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.OnDataIn = func(e *DataInEvent) {
		if e.Text() == "STARTTLS" {
			e.Connection.PauseData()
		}
		obey(e)
	}
	j := serve(t, srv)
	p := upgraded(t, srv, nil)
	p.say("hello\r\n")
	conn := j.expectAsked(t).conn
	j.expect(t, "Connected")
	assert.False(t, conn.AcceptData())
	conn.ProcessData()
	j.expect(t, `DataIn "hello"`)
	p.hear("hello\r\n")
}

func TestStartSSLIsRefused(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := serve(t, srv)
	p := asked(t, srv)
	conn := j.expectAsked(t).conn
	assert.Equal(t, 10037, code(t, conn.StartSSL()), "during the handshake")

	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	j.expect(t, "Connected")
	assert.Equal(t, 10056, code(t, conn.StartSSL()), "there is TLS")
	secure.say("quit\r\n")
	secure.hear("bye\r\n")
	j.expect(t, `DataIn "quit"`, "Disconnected")
	assert.Equal(t, 10057, code(t, conn.StartSSL()), "after the end")
	assert.Equal(t, 126, code(t, srv.StartSSL(conn.ConnectionID())), "nobody knows it any more")
}

func TestStartSSLNeedsItsMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []SSLStartMode{StartAutomatic, StartImplicit, StartNone} {
		srv := explicit()
		srv.SSLStartMode = mode
		j := serve(t, srv)
		if mode == StartNone {
			dial(t, srv.core)
		} else {
			dialTLS(t, srv.core, nil)
		}
		conn := j.expect(t, "Connected", "ReadyToSend").conn
		assert.Equal(t, 10045, code(t, conn.StartSSL()), "SSLStartMode %d", mode)
		assert.True(t, conn.Connected())
	}
}

func TestStartSSLNeedsACertificate(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.SSLCert = nil
	assert.Equal(t, 282, code(t, srv.StartListening()))
	assert.False(t, srv.Listening())

	// One that comes with each client is enough.
	srv.OnSSLConnectionRequest = func(e *SSLConnectionRequestEvent) {
		e.CertStoreType, e.CertStore, e.CertSubject = certstore.StorePEMKeyBlob, rsaPair().store(), "*"
	}
	serve(t, srv)
	upgraded(t, srv, nil).showed("rsa server")
}

func TestNothingIsSentDuringTheHandshake(t *testing.T) {
	t.Parallel()
	path := file(t, "f", "octets of a file")
	sends := map[string]func(*Connection) error{
		"Send":      func(c *Connection) error { _, err := c.Send([]byte("early")); return err },
		"SendBytes": func(c *Connection) error { _, err := c.SendBytes([]byte("early")); return err },
		"SendText":  func(c *Connection) error { _, err := c.SendText("early"); return err },
		"SendLine":  func(c *Connection) error { _, err := c.SendLine("early"); return err },
		"SendFile":  func(c *Connection) error { _, err := c.SendFile(path); return err },
	}
	for _, timeout := range []time.Duration{0, patience} {
		srv := explicit()
		srv.DefaultTimeout = timeout
		j := serve(t, srv)
		p := asked(t, srv)
		conn := j.expectAsked(t).conn
		for name, send := range sends {
			assert.Equal(t, 10036, code(t, send(conn)), name)
		}
		secure, err := tryUpgrade(t, p, nil) // it meets no stray octets
		require.NoError(t, err)
		j.expect(t, "Connected")
		for name, send := range sends {
			assert.NoError(t, send(conn), name)
		}
		got := make([]byte, len("early\r\n")+3*len("early")+len("octets of a file"))
		_, err = io.ReadFull(secure.in, got)
		assert.NoError(t, err)
	}
}

// Whatever others send while TLS begins comes before it in the clear, or after it
// under TLS, or is refused: never in between.
func TestSendingWhileTLSBegins(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.DefaultTimeout = patience // what the server answers is to be sent, though others are sending
	j := serve(t, srv)
	for range 10 {
		p := dial(t, srv.core)
		p.hear("220 here\r\n")
		conn := j.until(t, "Connected").conn
		var senders sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			senders.Go(func() {
				for conn.Connected() {
					select {
					case <-stop:
						return
					default:
						_, _ = conn.conn.TryWrite([]byte("ping\r\n"))
					}
				}
			})
		}
		p.say("STARTTLS\r\n")
		for line := ""; line != "220 go ahead\r\n"; {
			var err error
			line, err = p.in.ReadString('\n')
			require.NoError(t, err)
			require.Contains(t, []string{"ping\r\n", "220 go ahead\r\n"}, line)
		}
		// Pings may still follow until StartSSL is called; TLS begins with its
		// record, which no ping looks like.
		p.Conn = skipping(p)
		secure, err := tryUpgrade(t, p, nil)
		require.NoError(t, err)
		secure.hear("ping\r\n")
		close(stop)
		senders.Wait()
		_ = secure.netConn().Close()
		j.until(t, "Disconnected")
	}
}

// skipping is the connection of p without the pings that come before TLS.
func skipping(p *peer) net.Conn { return &skipper{Conn: p.Conn, p: p} }

type skipper struct {
	net.Conn
	p    *peer
	done bool
}

func (s *skipper) Read(b []byte) (int, error) {
	for !s.done {
		next, err := s.p.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if next[0] != 'p' {
			s.done = true
			break
		}
		if _, err := s.p.in.Discard(len("ping\r\n")); err != nil {
			return 0, err
		}
	}
	return s.p.in.Read(b)
}

func TestClientCertificatesAfterStartSSL(t *testing.T) {
	t.Parallel()
	ca, other := testCA(), otherCA()
	good := issue(&ca, newECKey(), "a partner", false)
	stranger := issue(&other, newECKey(), "a stranger", false)
	cases := []struct {
		name   string
		show   *issued
		accept bool // what the handler says; it follows the recommendation when that is true
		want   string
	}{
		{"none", nil, false, "Connected 281"},
		{"good", &good, false, "Connected"},
		{"a stranger", &stranger, false, "Connected 280"},
		{"a stranger who is let in", &stranger, true, "Connected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			srv.SSLAuthenticateClients, srv.TrustedCerts = true, []*certstore.Certificate{ca.open()}
			srv.OnSSLClientAuthentication = func(e *SSLClientAuthenticationEvent) {
				assert.Equal(t, c.show.cert.Raw, e.CertEncoded)
				assert.Equal(t, c.show.cert.Subject.String(), e.CertSubject)
				assert.Equal(t, c.show.cert.Issuer.String(), e.CertIssuer)
				assert.Equal(t, e.Status == "OK", e.Accept)
				e.Accept = e.Accept || c.accept
			}
			j := serve(t, srv)
			_, _ = tryUpgrade(t, asked(t, srv), func(conf *tls.Config) {
				if c.show != nil {
					conf.Certificates = []tls.Certificate{c.show.tls()}
				}
			})
			j.expectAsked(t)
			j.expect(t, c.want)
		})
	}
}

func TestSSLConnectionRequestAfterStartSSL(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.OnSSLConnectionRequest = func(e *SSLConnectionRequestEvent) {
		assert.False(t, e.Connection.SSLEnabled(), "not yet")
		assert.Contains(t, e.SupportedCipherSuites, "TLS_AES_128_GCM_SHA256")
		assert.Contains(t, e.SupportedSignatureAlgs, "ecdsa_secp256r1_sha256")
		if e.Connection.UserData() == "RSA" {
			e.CertStoreType, e.CertStore, e.CertSubject = certstore.StorePEMKeyBlob, rsaPair().store(), "*"
		}
	}
	srv.OnDataIn = func(e *DataInEvent) {
		if e.Text() == "RSA" {
			e.Connection.SetUserData("RSA")
		}
		obey(e)
	}
	serve(t, srv)
	upgraded(t, srv, nil).showed("ec server")

	p := dial(t, srv.core)
	p.hear("220 here\r\n")
	p.say("RSA\r\n")
	p.hear("RSA\r\n")
	p.say("STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	secure.showed("rsa server")
}

func TestLogSSLPacketsAfterStartSSL(t *testing.T) {
	t.Parallel()
	srv := explicit()
	set(t, srv, "LogSSLPackets=True")
	messages := make(chan string, 1000)
	srv.OnSSLStatus = func(e *SSLStatusEvent) {
		assert.NotNil(t, e.Connection)
		messages <- e.Message
	}
	serve(t, srv)
	p := upgraded(t, srv, nil)
	p.say("hello\r\n")
	p.hear("hello\r\n")
	for _, want := range []string{
		`server name "localhost"`, "negotiated TLSv1.3", "received application data record", "sent application data record",
	} {
		for !strings.Contains(receive(t, messages, want), want) {
		}
	}
}

// A client may change its keys whenever it likes, and ask the server to do so too
// (RFC 8446, section 4.6.3).
func TestKeyUpdates(t *testing.T) {
	t.Parallel()
	srv := explicit()
	serve(t, srv)
	p := opened(t, exec.CommandContext(t.Context(), needs.Program(t, "openssl"), "s_client", "-connect", srv.Addr().String(), "-starttls", "smtp", "-tls1_3", "-crlf"))
	p.shows("---\n250 STARTTLS\r\n") // the handshake is done
	for i := range 5 {
		line := fmt.Sprintf("line %d", i)
		p.enter(line + "\n")
		p.shows(line + "\r\n")
		p.enter("K\n") // and the server is to change its own
		p.shows("KEYUPDATE\n")
		p.enter("k\n")
		p.shows("KEYUPDATE\n")
	}
	p.enter("quit\n")
	p.shows("bye\r\n")
}

func TestBigTransfersAfterStartSSL(t *testing.T) {
	t.Parallel()
	const octets, size = 100, 4 << 20
	content := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(content)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			srv.OnConnected = before(srv.OnConnected, func(e *ConnectedEvent) {
				if e.Connection.SSLEnabled() {
					assert.NoError(t, e.Connection.SetEOL(""))
				}
			})
			srv.OnDataIn = func(e *DataInEvent) {
				if !e.Connection.SSLEnabled() {
					obey(e)
					return
				}
				_, err := e.Connection.Send(e.TextB)
				assert.NoError(t, err)
			}
			j := record(srv)
			require.NoError(t, srv.StartListening())
			t.Cleanup(func() { end(t, srv.core) })
			p := upgraded(t, srv, func(c *tls.Config) { c.MaxVersion = version })
			written := make(chan error, 1)
			go func() { written <- dribble(p, content, octets) }()
			got := make([]byte, size)
			_, err := io.ReadFull(p.in, got)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(content, got))
			require.NoError(t, receive(t, written, "the end of writing"))
			require.NoError(t, p.Close())
			assert.Zero(t, j.until(t, "Disconnected").code)
		})
	}
}

// dribble writes so many single octets, and then the rest at once.
func dribble(w io.Writer, content []byte, octets int) error {
	for i := range octets {
		if _, err := w.Write(content[i : i+1]); err != nil {
			return err
		}
	}
	_, err := w.Write(content[octets:])
	return err
}
