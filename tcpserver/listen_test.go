package tcpserver

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func portOf(t *testing.T, a net.Addr) int {
	t.Helper()
	_, text, err := net.SplitHostPort(a.String())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	return port
}

func TestListeningTwice(t *testing.T) {
	t.Parallel()
	o := Options{LocalHost: "127.0.0.1", Stream: greeter}
	core := start(t, NewCore(), o)
	err := core.StartListening(o)
	assert.ErrorIs(t, err, ErrAlreadyListening)
	assert.Contains(t, err.Error(), core.Addr().String())
}

func TestListeningAtOnceFromManyGoroutines(t *testing.T) {
	t.Parallel()
	core := NewCore()
	t.Cleanup(func() { end(t, core) })
	results := make(chan error)
	const many = 8
	for range many {
		go func() { results <- core.StartListening(Options{LocalHost: "127.0.0.1", Stream: greeter}) }()
	}
	won := 0
	for range many {
		if err := receive(t, results, "StartListening"); err == nil {
			won++
		} else {
			assert.ErrorIs(t, err, ErrAlreadyListening)
		}
	}
	assert.Equal(t, 1, won)
	assert.True(t, visit(t, core))
}

func TestListenErrors(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	cases := []struct {
		name string
		o    Options
		code int
	}{
		{"no protocol", Options{}, 10022},
		{"two protocols", Options{Stream: greeter, Push: newLineEcho()}, 10022},
		{"port too high", Options{Stream: greeter, LocalPort: 65536}, 10022},
		{"port negative", Options{Stream: greeter, LocalPort: -1}, 10022},
		{"backlog negative", Options{Stream: greeter, ConnectionBacklog: -1}, 10022},
		{"timeout negative", Options{Stream: greeter, DefaultTimeout: -1}, 10022},
		{"no certificate", Options{Stream: greeter, UseSSL: true}, 282},
		{"port in use", Options{Stream: greeter, LocalHost: "127.0.0.1", LocalPort: portOf(t, taken.Addr())}, 10048},
		{"not of this machine", Options{Stream: greeter, LocalHost: "192.0.2.1"}, 10049},
		{"other family", Options{Stream: greeter, LocalHost: "::1"}, 10049},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core := NewCore()
			err := core.StartListening(c.o)
			assert.Equal(t, c.code, code(t, err), err)
			assert.False(t, core.Listening())
			assert.Nil(t, core.Addr())
			if c.code == 10022 || c.code == 282 {
				assert.Equal(t, c.code, code(t, core.Serve(taken, c.o)))
				a, _ := net.Pipe()
				assert.Equal(t, c.code, code(t, core.ServeConn(a, c.o)))
			}
		})
	}
}

func TestACertificateWithoutKeyIsRefused(t *testing.T) {
	t.Parallel()
	core := NewCore()
	public := issued{cert: ecPair().cert}.publicOnly(t)
	err := core.StartListening(Options{Stream: greeter, UseSSL: true, SSLCert: public})
	assert.Error(t, err)
	assert.False(t, core.Listening())

	start(t, core, Options{Stream: greeter, UseSSL: true, SSLCert: ecServer()})
	assert.Error(t, core.SetSSLCert(public))
	assert.Equal(t, 282, code(t, core.SetSSLCert(nil)))
	dialTLS(t, core, nil).hear("welcome\n")
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		_ = l.Close()
	}
	cases := []struct {
		setting    string
		four, six  bool
		someFamily string
	}{
		{"UseIPv6=0", true, false, "0.0.0.0"},
		{"UseIPv6=1", false, true, "::"},
		{"UseIPv6=2", true, true, "::"},
	}
	for _, c := range cases {
		t.Run(c.setting, func(t *testing.T) {
			t.Parallel()
			core := NewCore()
			configure(t, core, c.setting)
			require.NoError(t, core.StartListening(Options{Stream: greeter}))
			t.Cleanup(func() { end(t, core) })
			host, port, err := net.SplitHostPort(core.Addr().String())
			require.NoError(t, err)
			assert.Equal(t, c.someFamily, host)
			for host, want := range map[string]bool{"127.0.0.1": c.four, "::1": c.six} {
				nc, err := net.Dial("tcp", net.JoinHostPort(host, port))
				assert.Equal(t, want, err == nil, host)
				if err == nil {
					p := newPeer(t, nc)
					p.hear("welcome\n")
					p.say("quit\n")
					p.ended()
				}
			}
		})
	}
}

func TestExclusivePort(t *testing.T) {
	t.Parallel()
	for _, exclusive := range []string{"True", "False"} {
		first, second := NewCore(), NewCore()
		configure(t, first, "BindExclusively="+exclusive)
		configure(t, second, "BindExclusively="+exclusive)
		start(t, first, Options{Stream: greeter})
		err := second.StartListening(Options{LocalHost: "127.0.0.1", LocalPort: portOf(t, first.Addr()), Stream: greeter})
		t.Cleanup(second.Shutdown)
		if exclusive == "True" {
			assert.Equal(t, 10048, code(t, err))
		} else {
			assert.NoError(t, err, "both have said that they share")
		}
	}
}

func TestWhatListeningFreezes(t *testing.T) {
	t.Parallel()
	core := start(t, NewCore(), Options{Stream: greeter})
	for text, want := range map[string]int{"MaxConnections=5": 108, "UseIPv6=2": 107} {
		_, err := core.Config(text)
		assert.Equal(t, want, code(t, err), text)
	}
	assert.Equal(t, "1000", setting(t, core, "MaxConnections"))
	core.StopListening()
	configure(t, core, "MaxConnections=5", "UseIPv6=2")
}
