package tcpserver

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// caller is a stream protocol of the client's side: it says quit, and waits
// for the answer and the end.
var caller = streamFunc(func(c *Conn) error {
	c.LoggedIn()
	if _, err := io.WriteString(c, "quit\n"); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, len("bye\n")))
	return err
})

func TestClientHandshake(t *testing.T) {
	t.Parallel()
	serverSaw := newRecorder()
	server := start(t, NewCore(), Options{
		Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), Hooks: serverSaw.hooks(),
		SSLAuthenticateClients: true, TrustedCerts: []*certstore.Certificate{testCA().open()},
	})
	ca := testCA()
	partner := issue(&ca, newECKey(), "a partner", false).open()
	socket, err := net.Dial("tcp", server.Addr().String())
	require.NoError(t, err)

	core, rec := NewCore(), newRecorder()
	nc, err := core.ClientHandshake(context.Background(), socket, ClientTLS{
		ServerName:   "localhost",
		Certificate:  partner,
		TrustedCerts: []*certstore.Certificate{ca.open()},
		Accept: func(cert *x509.Certificate, status string) bool {
			assert.Equal(t, "ec server", cert.Subject.CommonName)
			return status == "OK"
		},
	})
	require.NoError(t, err)
	facts := make(chan map[string]string, 1)
	hooks := rec.hooks()
	hooks.Attach = func(c *Conn) any {
		assert.Same(t, socket, c.raw, "below TLS, so that Close cannot hang")
		assert.Equal(t, "127.0.0.1", c.RemoteHost())
		return nil
	}
	hooks.Connected = func(c *Conn, err *Error) {
		facts <- negotiated(t, core, c)
		rec.note("Connected")(c, err)
	}
	assert.NoError(t, core.ServeConn(nc, Options{Stream: caller, Hooks: hooks}))
	assert.Equal(t, "TLSv1.3", receive(t, facts, "Connected")["Version"])
	rec.expect(t, "Connected", "Disconnected")
	serverSaw.expect(t, "Connected", "Disconnected")
}

func TestClientHandshakeFails(t *testing.T) {
	t.Parallel()
	server := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	plain := start(t, NewCore(), Options{Stream: greeter})
	trusted := []*certstore.Certificate{testCA().open()}
	cases := []struct {
		name string
		core *Core
		o    ClientTLS
		code int
	}{
		{"not trusted", server, ClientTLS{ServerName: "localhost"}, 280},
		{"another name", server, ClientTLS{ServerName: "example.com", TrustedCerts: trusted}, 280},
		{"refused", server, ClientTLS{ServerName: "localhost", TrustedCerts: trusted,
			Accept: func(*x509.Certificate, string) bool { return false }}, 280},
		{"no TLS", plain, ClientTLS{ServerName: "localhost"}, 276},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			socket := dial(t, c.core).Conn
			_, err := NewCore().ClientHandshake(context.Background(), socket, c.o)
			assert.Equal(t, c.code, code(t, err), err)
			require.NoError(t, socket.Close())
		})
	}
}

func TestClientHandshakeNeedsAUsableCertificate(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	_, err := NewCore().ClientHandshake(context.Background(), a, ClientTLS{Certificate: ecPair().publicOnly(t)})
	assert.Error(t, err)
}

func TestATLSConnIsNotWrappedTwice(t *testing.T) {
	t.Parallel()
	server := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	p := dialTLS(t, server, nil)
	core := NewCore()
	// UseSSL is the server's wish; a connection that is TLS already has it.
	assert.NoError(t, core.ServeConn(p.Conn, Options{Stream: caller, UseSSL: true, SSLCert: ecServer()}))
}
