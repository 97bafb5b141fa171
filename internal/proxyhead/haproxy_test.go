package proxyhead

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// config has one door, where clients come in, and one server behind it.
const config = `
defaults
	mode tcp
	timeout connect 10s
	timeout client 10s
	timeout server 10s
listen door
	bind %s
	server behind %s %s
`

// balance runs HAProxy before the listener, and returns the address of its door.
func balance(t *testing.T, ln net.Listener, options string) string {
	t.Helper()
	path := needs.Program(t, "haproxy")
	door := freePort(t)
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, config, door, ln.Addr(), options), 0o600))

	cmd := exec.CommandContext(t.Context(), path, "-db", "-f", file) // ends with the test
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return door
}

// freePort is an address of this machine where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	ln := listen(t)
	require.NoError(t, ln.Close())
	return ln.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	require.NoError(t, ln.(*net.TCPListener).SetDeadline(time.Now().Add(limit)))
	return ln
}

// dial tries until somebody answers. An attempt that fails has reached nobody.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	var client net.Conn
	require.Eventually(t, func() (ok bool) {
		var err error
		client, err = net.Dial("tcp", address)
		return err == nil
	}, limit, 10*time.Millisecond, "HAProxy does not listen")
	t.Cleanup(func() { client.Close() })
	return client
}

func TestHAProxyTellsWhoTheClientIs(t *testing.T) {
	t.Parallel()
	for _, options := range []string{"send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"} {
		t.Run(options, func(t *testing.T) {
			t.Parallel()
			ln := listen(t)
			client := dial(t, balance(t, ln, options))
			_, err := client.Write([]byte(behind))
			require.NoError(t, err)

			server, err := ln.Accept()
			require.NoError(t, err)
			defer server.Close()
			h, err := Read(server, limit)
			require.NoError(t, err)
			assert.Equal(t, known(client.LocalAddr().String(), client.RemoteAddr().String()), h)
			assert.NotEqual(t, server.RemoteAddr().String(), h.Source.String())

			rest := make([]byte, len(behind))
			_, err = server.Read(rest)
			require.NoError(t, err)
			assert.Equal(t, behind, string(rest))
		})
	}
}

// Version 1 has no LOCAL: HAProxy names itself as the client there.
func TestHAProxyChecksTheServersHealth(t *testing.T) {
	t.Parallel()
	itself := func(server net.Conn) Header {
		return known(server.RemoteAddr().String(), server.LocalAddr().String())
	}
	for options, want := range map[string]func(server net.Conn) Header{
		"check inter 100ms send-proxy":    itself,
		"check inter 100ms send-proxy-v2": func(net.Conn) Header { return nobody },
	} {
		t.Run(options, func(t *testing.T) {
			t.Parallel()
			ln := listen(t)
			balance(t, ln, options)
			server, err := ln.Accept()
			require.NoError(t, err)
			defer server.Close()
			h, err := Read(server, limit)
			require.NoError(t, err)
			assert.Equal(t, want(server), h)
		})
	}
}
