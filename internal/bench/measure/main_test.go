package measure

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain makes the test's own program the child of its tests.
func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[1] != "child" {
		os.Exit(m.Run())
	}
	if err := children[os.Args[2]](); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

// children are what such a child can be.
var children = map[string]func() error{
	"echo": func() error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go serve(l, echo)
		return Answer(l.Addr().String(), os.Stdin, os.Stdout)
	},
	"mute": func() error { return nil },
	"babbler": func() error {
		fmt.Println("127.0.0.1:1\nhello")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	},
}

// serve gives each connection to a goroutine.
func serve(l net.Listener, handle func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			handle(c)
		}()
	}
}

// echo is the tiny server; the end of the connection is its end.
func echo(c net.Conn) {
	// Without the wrapping io.Copy would splice.
	_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
}

// server starts one for the test and returns the way to it.
func server(t *testing.T, handle func(net.Conn)) *Dialer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go serve(l, handle)
	return &Dialer{Addr: l.Addr().String()}
}

// dial makes n connections that end with the test.
func dial(t *testing.T, d *Dialer, n int) *Clients {
	t.Helper()
	cs, err := DialAll(t.Context(), d, n)
	require.NoError(t, err)
	t.Cleanup(cs.Close)
	return cs
}

var errDoor = errors.New("the door is shut")
