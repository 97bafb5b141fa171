package examples_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	_ "github.com/ediport/ediport/tcpserver" // see process_test.go

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTCPEcho(t *testing.T) {
	t.Parallel()
	echo := build(t, "tcpecho")
	for name, test := range map[string]func(*testing.T, binary){
		"plain":                   plainEcho,
		"TLS with openssl":        tlsEcho,
		"settings":                echoSettings,
		"what it refuses":         echoRefusals,
		"SIGTERM waits":           echoGentleEnd,
		"second SIGTERM does not": echoHardEnd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, echo)
		})
	}
}

func TestLineChat(t *testing.T) {
	t.Parallel()
	chat := build(t, "linechat")
	for name, test := range map[string]func(*testing.T, binary){
		"three guests":             threeGuests,
		"names":                    guestNames,
		"line ends and long lines": guestLines,
		"a guest who never reads":  deafGuest,
		"idle guests":              idleGuest,
		"SIGTERM":                  chatEnd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chat)
		})
	}
}

// A caller is a client that speaks in lines.
type caller struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

func call(t *testing.T, address string) *caller {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
	return &caller{Conn: nc, t: t, in: bufio.NewReader(nc)}
}

func (c *caller) say(text string) {
	c.t.Helper()
	_, err := io.WriteString(c.Conn, text)
	require.NoError(c.t, err)
}

// next returns the next line, without its end.
func (c *caller) next() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	require.NoError(c.t, err)
	return strings.TrimRight(line, "\r\n")
}

func (c *caller) hear(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		require.Equal(c.t, want, c.next())
	}
}

// ended waits for the end, which comes behind nothing else.
func (c *caller) ended() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	require.NoError(c.t, err)
	require.Empty(c.t, rest)
}

// broken waits for the end, orderly or not.
func (c *caller) broken() {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c.in)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded, "still open")
	_ = c.Close()
}

func startEcho(t *testing.T, echo binary, args ...string) (p *process, address string) {
	t.Helper()
	p = echo.start(t, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	return p, listening(p.await(t, "listening "))
}

func plainEcho(t *testing.T, echo binary) {
	p, address := startEcho(t, echo)
	_, sent := file(t, "echo.dat", 5<<20)
	c := call(t, address)
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(sent)
		written <- errors.Join(err, c.Conn.(*net.TCPConn).CloseWrite())
	}()
	back, err := io.ReadAll(c)
	require.NoError(t, err)
	same(t, sent, back)
	assert.NoError(t, <-written)
	p.await(t, "disconnected", "code=0")
}

func tlsEcho(t *testing.T, echo binary) {
	path := needs.Program(t, "openssl")
	cert, key := certificate(t)
	p, plain := startEcho(t, echo, "-tls-listen", "127.0.0.1:0", "-cert", cert, "-key", key)
	secure := listening(p.awaitNth(t, 2, "listening "))

	// It ends with its input, not with what comes back: so the input ends after that.
	client := exec.CommandContext(t.Context(), path, "s_client", "-connect", secure,
		"-CAfile", cert, "-verify_return_error", "-quiet", "-no_ign_eof")
	var log bytes.Buffer
	client.Stderr = &log
	in, err := client.StdinPipe()
	require.NoError(t, err)
	out, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	_, err = io.WriteString(in, "hello from openssl\n")
	require.NoError(t, err)
	back, err := bufio.NewReader(out).ReadString('\n')
	assert.NoError(t, err, "%s", &log)
	assert.Equal(t, "hello from openssl\n", back)
	require.NoError(t, in.Close())
	assert.NoError(t, client.Wait(), "%s", &log)
	p.await(t, "disconnected", "code=0")

	c := call(t, plain)
	c.say("in the clear\n")
	c.hear("in the clear")
	wrong := call(t, secure)
	wrong.say("in the clear, but it should not be\n")
	wrong.broken()
	p.await(t, "disconnected", "code=276")
}

func echoSettings(t *testing.T, echo binary) {
	_, address := startEcho(t, echo, "-config", "MaxConnections=1", "-config", "TcpNoDelay=False")
	first := call(t, address)
	first.say("hello\n")
	first.hear("hello")
	call(t, address).broken() // there is no room for a second one
	first.say("still there\n")
	first.hear("still there")
}

func echoRefusals(t *testing.T, echo binary) {
	cert, key := certificate(t)
	_, otherKey := certificate(t)
	_, taken := startEcho(t, echo)
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"an unknown setting":      {[]string{"-config", "NoSuchSetting=1"}, 2, []string{"-config", "NoSuchSetting"}},
		"a value that is none":    {[]string{"-config", "MaxConnections=many"}, 2, []string{"-config", "MaxConnections"}},
		"a setting of no use":     {[]string{"-config", "UseIOCP=True"}, 2, []string{"-config", "UseIOCP"}},
		"a setting without value": {[]string{"-config", "MaxConnections"}, 2, []string{"use NAME=VALUE"}},
		"an unknown flag":         {[]string{"-nonsense"}, 2, []string{"-nonsense"}},
		"no port":                 {nil, 1, []string{"-listen or -tls-listen is needed"}},
		"half an address":         {[]string{"-listen", "127.0.0.1"}, 1, []string{"missing port"}},
		"a port in words":         {[]string{"-listen", "127.0.0.1:echo"}, 1, []string{`"echo"`}},
		"a port that is taken":    {[]string{"-listen", taken}, 1, []string{taken}},
		"no certificate":          {[]string{"-tls-listen", "127.0.0.1:0"}, 1, []string{"-cert and -key"}},
		"no key":                  {[]string{"-tls-listen", "127.0.0.1:0", "-cert", cert}, 1, []string{"-cert and -key"}},
		"another's key":           {[]string{"-tls-listen", "127.0.0.1:0", "-cert", cert, "-key", otherKey}, 1, []string{"key"}},
		"cert and key changed":    {[]string{"-tls-listen", "127.0.0.1:0", "-cert", key, "-key", key}, 1, []string{"no certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := echo.start(t, c.args...)
			assert.Equal(t, c.code, p.code(t))
			p.await(t, c.want...)
			assert.NotContains(t, p.output(), "listening 127")
		})
	}
}

func echoGentleEnd(t *testing.T, echo binary) {
	p, address := startEcho(t, echo)
	c := call(t, address)
	c.say("before\n")
	c.hear("before")
	interrupt(t, p)
	p.await(t, "shutting down")
	c.say("after\n")
	c.hear("after")
	require.NoError(t, c.Close())
	assert.Zero(t, p.code(t))
	p.await(t, "disconnected", "code=0")
	assert.NotContains(t, p.output(), "still there")
	_, err := net.Dial("tcp", address)
	assert.Error(t, err)
}

func echoHardEnd(t *testing.T, echo binary) {
	p, address := startEcho(t, echo)
	c := call(t, address)
	c.say("hello\n")
	c.hear("hello")
	interrupt(t, p)
	p.await(t, "shutting down")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, -1, p.code(t), "the signal ends it")
}

func startChat(t *testing.T, chat binary, args ...string) (p *process, address string) {
	t.Helper()
	p = chat.start(t, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	return p, listening(p.await(t, "listening "))
}

// enter calls as a guest who gives a name that is free.
func enter(t *testing.T, address, name string) *caller {
	t.Helper()
	c := call(t, address)
	c.say(name + "\n")
	c.hear("* what is your name?", "* welcome, "+name)
	return c
}

func threeGuests(t *testing.T, chat binary) {
	_, address := startChat(t, chat)
	anna := enter(t, address, "anna")
	bert := enter(t, address, "bert")
	carl := enter(t, address, "carl")
	anna.hear("* bert has come", "* carl has come")
	bert.hear("* carl has come")

	anna.say("hello\n")
	bert.hear("<anna> hello")
	carl.hear("<anna> hello")
	bert.say("grüß dich, anna\n")
	anna.hear("<bert> grüß dich, anna")
	carl.hear("<bert> grüß dich, anna")

	unnamed := call(t, address)
	unnamed.hear("* what is your name?")
	unnamed.say("/who\n")
	unnamed.hear("* here: anna, bert, carl")
	unnamed.say("/quit\n")
	unnamed.hear("* goodbye")
	unnamed.ended()

	bert.say("/help\n\n  \n/quit\nand what nobody hears\n")
	bert.hear("* there is /who and /quit", "* goodbye")
	bert.ended()
	carl.hear("* bert has left")
	require.NoError(t, carl.Close())
	anna.hear("* bert has left", "* carl has left")
	anna.say("/who\n")
	anna.hear("* here: anna")
}

func guestNames(t *testing.T, chat binary) {
	p, address := startChat(t, chat)
	anna := enter(t, address, "anna")
	c := call(t, address)
	c.say("\x00\x1b\n" + "anna\n" + "an\u202ena\u200b\n" + strings.Repeat("ü", 25) + "\n")
	c.hear("* what is your name?",
		"* anna is here already: try another name",
		"* anna is here already: try another name",
		"* a name has at most 24 characters: try another")
	c.say("\x1b[31m  bert\tthe\x07 red \xff\n")
	c.hear("* welcome, [31m  bert the red \ufffd")
	anna.hear("* [31m  bert the red \ufffd has come")
	c.say("cle\x1b[2Jar\n")
	anna.hear("<[31m  bert the red \ufffd> cle[2Jar")
	assert.NotContains(t, p.output(), "\x1b")

	full := strings.Repeat("ü", 24)
	enter(t, address, full).say("/quit\n")
	anna.hear("* "+full+" has come", "* "+full+" has left")
	enter(t, address, full)
}

func guestLines(t *testing.T, chat binary) {
	_, address := startChat(t, chat)
	anna, bert := enter(t, address, "anna"), enter(t, address, "bert")
	anna.hear("* bert has come")
	bert.say("one\r")
	anna.hear("<bert> one") // the CR has ended the line, and LF is to come
	bert.say("\ntwo\nthree\r\n")
	anna.hear("<bert> two", "<bert> three")
	bert.say(strings.Repeat("x", 1500) + "\n")
	anna.hear("<bert> "+strings.Repeat("x", 1000), "<bert> "+strings.Repeat("x", 500))
	bert.say("what has no end is no")
	require.NoError(t, bert.Conn.(*net.TCPConn).CloseWrite())
	anna.hear("<bert> what has no end is no", "* bert has left")
}

func deafGuest(t *testing.T, chat binary) {
	p, address := startChat(t, chat)
	anna, bert := enter(t, address, "anna"), enter(t, address, "bert")
	anna.hear("* bert has come")
	deaf := call(t, address)
	deaf.say("deaf\n") // and from here on it reads nothing
	anna.hear("* deaf has come")
	bert.hear("* deaf has come")

	// Each line arrives before the next is said: nobody waits for the deaf one.
	line := strings.Repeat("x", 900)
	for n, left := 0, false; !left; n++ {
		require.Less(t, n, 100_000, "so much cannot wait in queues")
		anna.say(line + "\n")
		if left = bert.next() == "* deaf has left"; left {
			bert.next()
		}
	}
	anna.hear("* deaf has left")
	p.await(t, "does not keep up", "name=deaf")
	anna.say("/who\n")
	anna.hear("* here: anna, bert")

	// When it begins to read at last, it finds some lines, and then the end.
	deaf.broken()
}

func idleGuest(t *testing.T, chat binary) {
	p, address := startChat(t, chat, "-idle", "500ms")
	c := call(t, address)
	c.say("anna\n")
	c.hear("* what is your name?", "* welcome, anna")
	c.ended()
	p.await(t, "left", "name=anna", "code=10060")
}

func chatEnd(t *testing.T, chat binary) {
	p, address := startChat(t, chat)
	anna, unnamed := enter(t, address, "anna"), call(t, address)
	unnamed.hear("* what is your name?")
	interrupt(t, p)
	for _, c := range []*caller{anna, unnamed} {
		c.hear("* the chat ends, goodbye")
		c.ended()
	}
	assert.Zero(t, p.code(t))
	assert.NotContains(t, p.output(), "did not take")
}
