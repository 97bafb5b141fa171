package tcpserver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSSLStartModes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		mode    SSLStartMode
		enabled bool
		tls     bool // what a client meets, and SSLEnabled tells
	}{
		{StartAutomatic, false, true},
		{StartAutomatic, true, true},
		{StartImplicit, false, true},
		{StartImplicit, true, true},
		{StartExplicit, false, false},
		{StartExplicit, true, false},
		{StartNone, false, false},
		{StartNone, true, true},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d enabled %t", c.mode, c.enabled), func(t *testing.T) {
			t.Parallel()
			srv := explicit()
			srv.SSLStartMode, srv.SSLEnabled = c.mode, c.enabled
			j := serve(t, srv)
			assert.Equal(t, c.tls, srv.SSLEnabled)
			assert.Equal(t, c.mode, srv.SSLStartMode, "it stays")
			var p *peer
			if c.tls {
				p = dialTLS(t, srv.core, nil)
			} else {
				p = dial(t, srv.core)
				p.hear("220 here\r\n")
			}
			conn := j.expect(t, "Connected").conn
			assert.Equal(t, c.tls, conn.SSLEnabled())
			p.say("hello\r\n")
			p.hear("hello\r\n")

			if c.tls { // there is no way in for plaintext
				plain := dial(t, srv.core)
				plain.say("hello\r\n")
				_ = plain.broken()
				assert.Equal(t, "Connected 276", j.until(t, "Connected").String())
			}
		})
	}
}

func TestSSLNeedsACertificate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		mode    SSLStartMode
		enabled bool
		code    int // 0: it listens
	}{
		{StartAutomatic, false, 282},
		{StartImplicit, false, 282},
		{StartExplicit, false, 282},
		{StartNone, true, 282},
		{StartNone, false, 0},
		{-1, false, 10022},
		{4, false, 10022},
	}
	for _, c := range cases {
		srv := NewServer()
		srv.LocalHost, srv.SSLStartMode, srv.SSLEnabled = "127.0.0.1", c.mode, c.enabled
		err := srv.StartListening()
		t.Cleanup(func() { end(t, srv.core) })
		if c.code == 0 {
			assert.NoError(t, err)
			continue
		}
		assert.Equal(t, c.code, code(t, err), "SSLStartMode %d", c.mode)
		assert.False(t, srv.Listening())
		assert.Equal(t, c.enabled, srv.SSLEnabled)
	}
}

func TestSSLProviders(t *testing.T) {
	t.Parallel()
	for provider, want := range map[SSLProvider]int{
		ProviderAutomatic: 0, ProviderInternal: 0, ProviderPlatform: 10045, 3: 10045, -1: 10045,
	} {
		srv := explicit()
		srv.LocalHost, srv.SSLProvider = "127.0.0.1", provider
		err := srv.StartListening()
		t.Cleanup(func() { end(t, srv.core) })
		if want != 0 {
			assert.Equal(t, want, code(t, err), "SSLProvider %d", provider)
			continue
		}
		require.NoError(t, err)
		p := upgraded(t, srv, nil)
		p.say("hello\r\n")
		p.hear("hello\r\n")
	}
}

// What TLS is used for is decided when listening starts.
func TestSSLPropertiesAreReadWhenListeningStarts(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := serve(t, srv)
	srv.SSLStartMode, srv.SSLCert = StartImplicit, nil
	upgraded(t, srv, nil).showed("ec server")
	j.expectAsked(t)

	require.NoError(t, srv.SetSSLCert(rsaServer()))
	upgraded(t, srv, nil).showed("rsa server")

	srv.StopListening()
	assert.Equal(t, 282, code(t, srv.StartListening()))
	srv.SSLCert = ecServer()
	require.NoError(t, srv.StartListening())
	assert.True(t, srv.SSLEnabled)
	dialTLS(t, srv.core, nil).showed("ec server")
}
